package kube

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RestrictedNamespace are the labels of a namespace in which only pods of the Pod Security level "restricted" may run.
func RestrictedNamespace() pulumi.StringMap {
	return pulumi.StringMap{
		"pod-security.kubernetes.io/enforce": pulumi.String("restricted"),
		"pod-security.kubernetes.io/warn":    pulumi.String("restricted"),
		"pod-security.kubernetes.io/audit":   pulumi.String("restricted"),
	}
}

// NodeAgentsNamespace are the labels of the one namespace whose pods may see their node: its files, its processes, its network.
// Its pods hold themselves to what they need, as stacks/policy demands of them.
func NodeAgentsNamespace() pulumi.StringMap {
	return pulumi.StringMap{
		"pod-security.kubernetes.io/enforce": pulumi.String("privileged"),
		"pod-security.kubernetes.io/warn":    pulumi.String("privileged"),
		"pod-security.kubernetes.io/audit":   pulumi.String("privileged"),
	}
}

// PodSecurity is a restricted pod's security context: the given user and group, never root, the runtime's own seccomp
// profile. The pod's volumes belong to the group, and a volume that already does isn't walked again at each start.
func PodSecurity(id int) *corev1.PodSecurityContextArgs {
	return &corev1.PodSecurityContextArgs{
		RunAsNonRoot:        pulumi.Bool(true),
		RunAsUser:           pulumi.Int(id),
		RunAsGroup:          pulumi.Int(id),
		FsGroup:             pulumi.Int(id),
		FsGroupChangePolicy: pulumi.String("OnRootMismatch"),
		SeccompProfile:      &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
	}
}

// ContainerSecurity is a restricted container's security context: no capability, no way to more privilege, and a root file
// system that can't be written. What must be written to is a volume.
func ContainerSecurity() *corev1.SecurityContextArgs {
	return &corev1.SecurityContextArgs{
		AllowPrivilegeEscalation: pulumi.Bool(false),
		Privileged:               pulumi.Bool(false),
		ReadOnlyRootFilesystem:   pulumi.Bool(true),
		RunAsNonRoot:             pulumi.Bool(true),
		Capabilities:             &corev1.CapabilitiesArgs{Drop: pulumi.StringArray{pulumi.String("ALL")}},
	}
}
