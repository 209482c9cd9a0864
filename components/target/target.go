package target

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args are a cluster's.
type Args struct {
	// Context is the name of the cluster's context in the kubeconfig. Required.
	Context string
}

// Validate reports every problem of the arguments.
func (a *Args) Validate() error {
	if a.Context == "" {
		return errors.New("the Context is missing: the kube context of the cluster, such as minikube")
	}
	return nil
}

// Cluster is where a stack's resources go.
type Cluster struct {
	// Provider is the provider to give to the stack's components.
	Provider *kubernetes.Provider
}

// NewCluster registers the provider of the cluster.
func NewCluster(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Cluster, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate cluster %s: %w", name, err)
	}
	provider, err := kubernetes.NewProvider(ctx, name, &kubernetes.ProviderArgs{
		Context: pulumi.String(args.Context),
		// Without an identifier of its own the provider takes a new address of the same cluster, as Minikube gives after each
		// `minikube delete`, for another cluster, and everything for replaced.
		ClusterIdentifier:     pulumi.String(ctx.Project() + "/" + ctx.Stack() + "/" + args.Context),
		EnableServerSideApply: pulumi.Bool(true),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("register provider %s: %w", name, err)
	}
	return &Cluster{Provider: provider}, nil
}
