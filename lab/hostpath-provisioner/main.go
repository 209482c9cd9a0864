// Command hostpath-provisioner makes a directory of the node for every claim of the lab's storage class "standard", as
// Minikube's own provisioner does under the same provisioner name.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// name is what the StorageClass calls its provisioner; Minikube's class has the same.
const name = "k8s.io/minikube-hostpath"

type provisioner struct{ root string }

func (p provisioner) Provision(_ context.Context, o controller.ProvisionOptions) (*corev1.PersistentVolume, controller.ProvisioningState, error) {
	path := filepath.Join(p.root, o.PVC.Namespace, o.PVC.Name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("make volume directory: %w", err)
	}
	// The kubelet applies no fsGroup to a hostPath volume, so any uid must be able to write here.
	if err := os.Chmod(path, 0o777); err != nil { //nolint:gosec // see above
		return nil, controller.ProvisioningFinished, fmt.Errorf("open volume directory: %w", err)
	}
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: o.PVName},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *o.StorageClass.ReclaimPolicy,
			AccessModes:                   o.PVC.Spec.AccessModes,
			Capacity:                      o.PVC.Spec.Resources.Requests,
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: path},
			},
		},
	}, controller.ProvisioningFinished, nil
}

func (p provisioner) Delete(_ context.Context, v *corev1.PersistentVolume) error {
	if err := os.RemoveAll(v.Spec.HostPath.Path); err != nil {
		return fmt.Errorf("remove volume directory: %w", err)
	}
	return nil
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "path of the kubeconfig")
	root := flag.String("root", "", "directory under which volumes are made")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		fmt.Fprintln(os.Stderr, "hostpath-provisioner: read kubeconfig:", err)
		os.Exit(1)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		fmt.Fprintln(os.Stderr, "hostpath-provisioner: make client:", err)
		os.Exit(1)
	}
	controller.NewProvisionController(ctx, client, name, provisioner{*root}, controller.LeaderElection(false)).Run(ctx)
}
