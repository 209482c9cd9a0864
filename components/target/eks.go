package target

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	clientcmdv1 "k8s.io/client-go/tools/clientcmd/api/v1"

	"fleetman/components/account"
)

// EKSArgs are those of a cluster on EKS.
type EKSArgs struct {
	// Name is the cluster's name. Required.
	Name string
	// Region is the region that it is in. Required.
	Region string
	// Endpoint is the address of its API server. Required.
	Endpoint pulumi.StringInput
	// CertificateAuthority is the certificate that it is known by, in PEM and that in base64. Required.
	CertificateAuthority pulumi.StringInput
	// After is what has to be there before any object of the cluster, and until none is: the nodes and the add-ons, each, since a
	// component may not know all its children yet. Default: nothing.
	After []pulumi.Resource
}

// Validate reports every problem of the arguments.
func (a *EKSArgs) Validate() error {
	errs := []error{account.CheckRegion(a.Region)}
	if a.Name == "" {
		errs = append(errs, errors.New("the Name is missing: the cluster's"))
	}
	if a.Endpoint == nil {
		errs = append(errs, errors.New("the Endpoint is missing: the address of the API server"))
	}
	if a.CertificateAuthority == nil {
		errs = append(errs, errors.New("the CertificateAuthority is missing: what the API server is known by"))
	}
	if slices.Contains(a.After, nil) {
		errs = append(errs, errors.New("one of what is to be there before, After, is missing"))
	}
	return errors.Join(errs...)
}

// NewEKS registers the provider of a cluster on EKS. Whoever runs Pulumi needs the command aws and credentials with access to the
// cluster; no token is written down anywhere.
func NewEKS(ctx *pulumi.Context, name string, args *EKSArgs, opts ...pulumi.ResourceOption) (*Cluster, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("validate cluster %s: %w", name, err)
	}
	config := pulumi.All(args.Endpoint, args.CertificateAuthority).ApplyT(func(parts []any) (string, error) {
		return args.kubeconfig(parts[0].(string), parts[1].(string)) // both are given as strings
	}).(pulumi.StringOutput)
	provider, err := kubernetes.NewProvider(ctx, name, &kubernetes.ProviderArgs{
		Kubeconfig: config,
		// Without an identifier of its own the provider would compare kubeconfigs, and one that isn't known yet, as in the preview of
		// anything new in the cluster's own arguments, would be another cluster's, and everything replaced.
		ClusterIdentifier:     pulumi.String(ctx.Project() + "/" + ctx.Stack() + "/" + args.Name),
		EnableServerSideApply: pulumi.Bool(true),
	}, append([]pulumi.ResourceOption{pulumi.DependsOn(args.After)}, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("register provider %s: %w", name, err)
	}
	return &Cluster{Provider: provider}, nil
}

// kubeconfig is the one context by which the provider reaches the cluster, with a token of AWS's for each of its commands.
func (a *EKSArgs) kubeconfig(endpoint, authority string) (string, error) {
	certificate, err := base64.StdEncoding.DecodeString(authority)
	if err != nil {
		return "", fmt.Errorf("decode certificate authority of %s: %w", a.Name, err)
	}
	config, err := json.Marshal(clientcmdv1.Config{
		APIVersion: "v1", Kind: "Config", CurrentContext: a.Name,
		Clusters: []clientcmdv1.NamedCluster{{Name: a.Name, Cluster: clientcmdv1.Cluster{
			Server: endpoint, CertificateAuthorityData: certificate,
		}}},
		Contexts: []clientcmdv1.NamedContext{{Name: a.Name, Context: clientcmdv1.Context{Cluster: a.Name, AuthInfo: a.Name}}},
		AuthInfos: []clientcmdv1.NamedAuthInfo{{Name: a.Name, AuthInfo: clientcmdv1.AuthInfo{Exec: &clientcmdv1.ExecConfig{
			APIVersion: "client.authentication.k8s.io/v1beta1",
			Command:    "aws",
			Args:       []string{"eks", "get-token", "--cluster-name", a.Name, "--region", a.Region, "--output", "json"},
			// The provider has nobody to ask.
			InteractiveMode: clientcmdv1.NeverExecInteractiveMode,
		}}}},
	})
	if err != nil {
		return "", fmt.Errorf("encode kubeconfig of %s: %w", a.Name, err)
	}
	return string(config), nil
}
