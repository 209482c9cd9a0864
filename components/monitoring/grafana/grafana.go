package grafana

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// GrafanaType is the type of a Grafana among Pulumi's resources.
const GrafanaType = "fleetman:components:Grafana"

// Image is the image of Grafana.
const Image = "grafana/grafana:13.2.0"

// Port is the port of Grafana and of its Service.
const Port = 3000

// User is the name of the one login.
const User = "admin"

// The types of data sources, as Grafana calls them.
const (
	Prometheus    = "prometheus"
	Elasticsearch = "elasticsearch"
)

// DataSource is where dashboards get their data from.
type DataSource struct {
	// Name is what users see. Required.
	Name string
	// UID is what dashboards call it. Required.
	UID string
	// Type is Prometheus or Elasticsearch. Required.
	Type string
	// URL is where Grafana reaches it. Required.
	URL pulumi.StringInput
	// User is the login to it. Default: none.
	User string
	// Password is the login's. It is made a secret if it isn't one. Required with a User.
	Password pulumi.StringInput
	// CA is the certificate, in PEM, that its own is signed by. Default: none, the system's.
	CA pulumi.StringInput
	// Index is the pattern of the indices or data streams, such as logs-*. Required for Elasticsearch.
	Index string
}

// GrafanaArgs are a Grafana's.
type GrafanaArgs struct {
	// Namespace is where it runs. Required.
	Namespace pulumi.StringInput
	// DataSources are what it asks. The first is the one that is asked unless another is named. Required.
	DataSources []DataSource
	// Dashboards are the dashboards' JSON by file name. Required.
	Dashboards map[string]string
	// Home is the file name of the dashboard that greets a user. Default: Grafana's own page.
	Home string
	// AdminPassword is the password of the login, admin. It is made a secret if it isn't one. Required.
	AdminPassword pulumi.StringInput
	// NodePort is the port of every node that leads to its Service. Default: 0, none: it is reached from within the cluster.
	NodePort int
	// RootURL is where users reach it, without a path. Cookies are for HTTPS alone if it is. Default: Grafana's, http://localhost:3000.
	RootURL string
	// Placement is on which nodes it runs. Default: any.
	Placement kube.Placement
}

// Grafana is a Grafana in a cluster.
type Grafana struct {
	pulumi.ResourceState

	// URL is where it is reached in the cluster, known once its Service answers.
	URL pulumi.StringOutput
}

// uid is what Grafana takes for a UID, of a data source and of a dashboard: pkg/util/shortid_generator.go of its repository.
var uid = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// Validate reports every problem of the arguments.
func (a *GrafanaArgs) Validate() error {
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(a.Namespace == nil, "the Namespace is missing")
	refuse(a.AdminPassword == nil, "the AdminPassword is missing")
	refuse(len(a.DataSources) == 0, "the DataSources are missing: there is nothing to ask")
	refuse(len(a.Dashboards) == 0, "the Dashboards are missing: there is nothing to show")
	uids, names := map[string]bool{}, map[string]bool{}
	for i, source := range a.DataSources {
		for _, err := range source.problems() {
			refuse(true, "the DataSource %d: %w", i, err)
		}
		refuse(source.UID != "" && uids[source.UID], "the DataSource %d: the UID %q is another's", i, source.UID)
		refuse(source.Name != "" && names[source.Name], "the DataSource %d: the Name %q is another's", i, source.Name)
		uids[source.UID], names[source.Name] = true, true
	}
	errs = append(errs, dashboardProblems(a.Dashboards, uids)...)
	if _, there := a.Dashboards[a.Home]; a.Home != "" {
		refuse(!there, "the Home %q is none of the Dashboards", a.Home)
	}
	refuse(a.NodePort != 0 && (a.NodePort < 30000 || a.NodePort > 32767), "the NodePort %d is none: want 30000-32767, or 0 for none", a.NodePort)
	if root, err := url.Parse(a.RootURL); a.RootURL != "" {
		refuse(err != nil || root.Host == "" || root.Scheme != "http" && root.Scheme != "https" || root.Path != "" && root.Path != "/" || root.RawQuery != "",
			"the RootURL %q is none: want one such as https://grafana.example.com, without a path", a.RootURL)
	}
	if err := a.Placement.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("the Placement: %w", err))
	}
	return errors.Join(errs...)
}

// problems are everything that is wrong with a data source by itself.
func (d *DataSource) problems() []error {
	var errs []error
	refuse := func(wrong bool, format string, values ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	refuse(d.Name == "", "the Name is missing")
	refuse(!uid.MatchString(d.UID), "the UID %q is none: want up to 40 letters, digits, _ and -", d.UID)
	refuse(d.Type != Prometheus && d.Type != Elasticsearch, "the Type %q is none: want %s or %s", d.Type, Prometheus, Elasticsearch)
	refuse(d.URL == nil, "the URL is missing")
	refuse(d.User != "" && d.Password == nil, "the Password of %q is missing", d.User)
	refuse(d.User == "" && d.Password != nil, "the Password is of no User")
	refuse(d.Type == Elasticsearch && d.Index == "", "the Index is missing")
	refuse(d.Type == Prometheus && d.Index != "", "the Index %q is for %s", d.Index, Elasticsearch)
	return errs
}
