package kibana

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/keyring"
	"fleetman/components/kube"
)

// KibanaType is the type of a Kibana among Pulumi's resources.
const KibanaType = "fleetman:components:Kibana"

// Image is the image of the server. Its version is Elasticsearch's.
const Image = "docker.elastic.co/kibana/kibana:9.5.2"

// Port is the port of the server and of its Service.
const Port = 5601

// KibanaArgs are a Kibana's.
type KibanaArgs struct {
	// Namespace is where it runs. Required.
	Namespace pulumi.StringInput
	// URL is where Elasticsearch is. Required.
	URL pulumi.StringInput
	// CA is the certificate of Elasticsearch's authority, in PEM. Required.
	CA pulumi.StringInput
	// Password is the password of Elasticsearch's user kibana_system. It is made a secret if it isn't one. Required.
	Password pulumi.StringInput
	// Keys are what the encryption keys come from, and the importer's password: the keyring of the Elasticsearch. Required.
	Keys *keyring.Keyring
	// NodePort is the port of every node that leads to its Service. Default: 0, none.
	NodePort int
	// PublicURL is the address that its links begin with. Default: none; links in what it sends then lead nowhere.
	PublicURL string
	// Placement is on which nodes it runs. Default: any.
	Placement kube.Placement
}

// Kibana is a Kibana in a cluster.
type Kibana struct {
	pulumi.ResourceState

	// URL is where it is in the cluster, known once it has the dashboard.
	URL pulumi.StringOutput
}

// Validate reports every problem of the arguments.
func (a *KibanaArgs) Validate() error {
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(a.Namespace == nil, "the Namespace is missing")
	refuse(a.URL == nil, "the URL is missing: Elasticsearch's address")
	refuse(a.CA == nil, "the CA is missing: the certificate of Elasticsearch's authority")
	refuse(a.Password == nil, "the Password is missing")
	refuse(a.Keys == nil, "the Keys are missing")
	refuse(a.NodePort != 0 && (a.NodePort < 30000 || a.NodePort > 32767), "the NodePort %d is none: want 30000-32767, or 0 for none", a.NodePort)
	if a.PublicURL != "" {
		public, err := url.Parse(a.PublicURL)
		wrong := err != nil || public.Scheme != "http" && public.Scheme != "https" || public.Host == "" || strings.HasSuffix(a.PublicURL, "/")
		refuse(wrong, "the PublicURL %q is none: want such as https://kibana.example.com", a.PublicURL)
	}
	if err := a.Placement.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("the Placement: %w", err))
	}
	return errors.Join(errs...)
}
