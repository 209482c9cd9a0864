package target

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"fleetman/components/recorder"
)

func goodEKS() EKSArgs {
	return EKSArgs{
		Name: "fleetman-prod", Region: "us-east-1", Endpoint: pulumi.String("https://a.eks.amazonaws.com"),
		CertificateAuthority: pulumi.String("Y2VydGlmaWNhdGU="),
	}
}

// recordEKS records a namespace in the cluster, and an add-on that is to be there before.
func recordEKS(t *testing.T, preview bool, args EKSArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("prod", preview, func(ctx *pulumi.Context) error {
		if err := args.Validate(); err == nil {
			addon, err := eks.NewAddon(ctx, "dns", &eks.AddonArgs{ClusterName: pulumi.String(args.Name), AddonName: pulumi.String("coredns")})
			if err != nil {
				return err
			}
			args.After = append(args.After, addon)
		}
		cluster, err := NewEKS(ctx, "cluster", &args)
		if err != nil {
			return err
		}
		_, err = corev1.NewNamespace(ctx, "fleetman", nil, pulumi.Provider(cluster.Provider))
		return err
	})
}

func TestTheKubeconfigOfEKSIsOneThatClientsRead(t *testing.T) {
	for _, preview := range []bool{true, false} {
		run, err := recordEKS(t, preview, goodEKS())
		if err != nil {
			t.Fatal(err)
		}
		provider, _ := run.Find("pulumi:providers:kubernetes", "cluster")
		text, _ := provider.Inputs["kubeconfig"].(string)
		config, err := clientcmd.Load([]byte(text))
		if err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		client, err := clientcmd.NewDefaultClientConfig(*config, &clientcmd.ConfigOverrides{}).ClientConfig()
		if err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		if client.Host != "https://a.eks.amazonaws.com" || string(client.CAData) != "certificate" || client.Insecure {
			t.Errorf("reaches %s by %q, insecure %t", client.Host, client.CAData, client.Insecure)
		}
		exec := client.ExecProvider
		if exec == nil {
			t.Fatalf("no command in %q", text)
		}
		const want = "aws eks get-token --cluster-name fleetman-prod --region us-east-1 --output json"
		if got := strings.Join(append([]string{exec.Command}, exec.Args...), " "); got != want {
			t.Errorf("runs %q, want %q", got, want)
		}
		if exec.APIVersion != "client.authentication.k8s.io/v1beta1" || exec.InteractiveMode != api.NeverExecInteractiveMode {
			t.Errorf("speaks %s, interactive %s", exec.APIVersion, exec.InteractiveMode)
		}
		if client.BearerToken != "" || client.Password != "" || len(client.KeyData) != 0 {
			t.Error("holds a credential")
		}
	}
}

func TestAClusterStaysTheSameAtAnotherAddress(t *testing.T) {
	var seen []any
	for _, endpoint := range []string{"https://a.eks.amazonaws.com", "https://b.eks.amazonaws.com"} {
		args := goodEKS()
		args.Endpoint = pulumi.String(endpoint)
		run, err := recordEKS(t, true, args)
		if err != nil {
			t.Fatal(err)
		}
		provider, _ := run.Find("pulumi:providers:kubernetes", "cluster")
		if text, _ := provider.Inputs["kubeconfig"].(string); !strings.Contains(text, endpoint) {
			t.Errorf("%s isn't in %q", endpoint, text)
		}
		seen = append(seen, provider.Inputs["clusterIdentifier"])
	}
	if want := any("fleetman/prod/fleetman-prod"); seen[0] != want || seen[1] != want {
		t.Errorf("known as %v, want %v", seen, want)
	}
}

func TestWhatIsInTheClusterComesAfterWhatItRunsOn(t *testing.T) {
	run, err := recordEKS(t, true, goodEKS())
	if err != nil {
		t.Fatal(err)
	}
	provider, _ := run.Find("pulumi:providers:kubernetes", "cluster")
	if !slices.ContainsFunc(provider.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::dns") }) {
		t.Errorf("the provider comes after %v", provider.DependsOn)
	}
	namespace, _ := run.Find("kubernetes:core/v1:Namespace", "fleetman")
	if namespace.Provider != provider.URN {
		t.Errorf("the namespace is of the provider %q, want %q", namespace.Provider, provider.URN)
	}
}

func TestACertificateThatIsNoneIsNamed(t *testing.T) {
	args := goodEKS()
	_, err := args.kubeconfig("https://a.eks.amazonaws.com", "%")
	if err == nil || !strings.Contains(err.Error(), "decode certificate authority of fleetman-prod") {
		t.Errorf("error %v", err)
	}
}

func TestEKSReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	args := EKSArgs{Region: "nowhere", After: []pulumi.Resource{nil}}
	want := []string{
		`Region "nowhere"`, "Name is missing", "Endpoint is missing", "CertificateAuthority is missing", "After, is missing",
	}
	run, err := recordEKS(t, true, args)
	run.Refused(t, err, "validate cluster cluster", want...) //nolint:dupword // the name is cluster
}
