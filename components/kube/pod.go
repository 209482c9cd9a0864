package kube

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Claim is a claim of a volume that one node mounts, under the name that is given. Its size may grow in place; another
// storage class is another volume.
func Claim(labels Labels, name string, namespace pulumi.StringInput, storage string, storageClass pulumi.StringInput) *corev1.PersistentVolumeClaimArgs {
	return &corev1.PersistentVolumeClaimArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Name:      pulumi.String(name),
			Namespace: namespace,
			Labels:    labels.All(),
		},
		Spec: &corev1.PersistentVolumeClaimSpecArgs{
			AccessModes:      pulumi.StringArray{pulumi.String("ReadWriteOnce")},
			StorageClassName: storageClass.ToStringOutput().ToStringPtrOutput(),
			Resources: &corev1.VolumeResourceRequirementsArgs{
				Requests: pulumi.StringMap{"storage": pulumi.String(storage)},
			},
		},
	}
}

// EmptyDir is a volume that lives and dies with its pod, at most as large as is said. It is how a container with a read-only
// root file system gets a folder to write to.
func EmptyDir(name, limit string) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{
		Name:     pulumi.String(name),
		EmptyDir: &corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String(limit)},
	}
}

// Mount mounts a whole volume.
func Mount(volume, path string) *corev1.VolumeMountArgs {
	return &corev1.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(path)}
}

// TCPProbe asks whether the port of that name accepts a connection, every period, and gives up after so many failures.
func TCPProbe(port string, period, failures int) *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		TcpSocket:        &corev1.TCPSocketActionArgs{Port: pulumi.String(port)},
		PeriodSeconds:    pulumi.Int(period),
		TimeoutSeconds:   pulumi.Int(5),
		FailureThreshold: pulumi.Int(failures),
	}
}

// HTTPProbe asks whether the path on the port of that name answers with success, every period, and gives up after so many
// failures.
func HTTPProbe(path, port string, period, failures int) *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		HttpGet:          &corev1.HTTPGetActionArgs{Path: pulumi.String(path), Port: pulumi.String(port)},
		PeriodSeconds:    pulumi.Int(period),
		TimeoutSeconds:   pulumi.Int(2),
		FailureThreshold: pulumi.Int(failures),
	}
}

// SecretName is a Secret's name, known in a preview and shown in it. A Secret's data being secret makes every output of it
// secret, its name included; a Deployment that carries that name would have its whole difference hidden. The name is not
// secret, so say so.
func SecretName(secret *corev1.Secret) pulumi.StringPtrOutput {
	name, ok := pulumi.Unsecret(secret.Metadata.Name()).(pulumi.StringPtrOutput)
	if !ok { // Unsecret keeps the type of what it is given.
		return secret.Metadata.Name()
	}
	return name
}
