package stacks

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/keyring"
	"fleetman/components/kube"
	"fleetman/components/logging/elasticsearch"
	"fleetman/components/logging/fluentd"
	"fleetman/components/logging/kibana"
	"fleetman/components/monitoring/alertmanager"
	"fleetman/components/monitoring/alerts"
	"fleetman/components/monitoring/dashboards"
	"fleetman/components/monitoring/exporter"
	"fleetman/components/monitoring/grafana"
	"fleetman/components/monitoring/prometheus"
)

// The namespaces of what watches the fleet. The agents' is the one whose pods may see their node.
const (
	monitoringNamespace = "fleetman-monitoring"
	loggingNamespace    = "fleetman-logging"
	agentsNamespace     = "fleetman-agents"
	ingressName         = "fleetman-ingress"
)

// The names of what Prometheus asks, which are those of their Services.
const (
	prometheusName    = "prometheus"
	alertmanagerName  = "alertmanager"
	grafanaName       = "grafana"
	kubeStateName     = "kube-state-metrics"
	nodeExporterName  = "node-exporter"
	mongodbName       = "fleetman-mongodb-exporter"
	elasticsearchName = "elasticsearch"
	logExporterName   = "elasticsearch-exporter"
	kibanaName        = "kibana"
	fluentdName       = "fluentd"
)

// observe declares what the stack's configuration switches on: logging first, because Grafana shows logs too.
func observe(ctx *pulumi.Context, config *Config, s *settings, fleet *declared) error {
	if !config.Monitoring.Enabled && !config.Logging.Enabled {
		return nil
	}
	o := &observers{ctx: ctx, config: config, settings: s, fleet: fleet, keys: config.keys()}
	var err error
	if o.agents, err = namespace(ctx, agentsNamespace, kube.NodeAgentsNamespace(), s.opts()...); err != nil {
		return err
	}
	if config.Logging.Enabled {
		if err := o.logging(); err != nil {
			return err
		}
	}
	if config.Monitoring.Enabled {
		return o.monitoring()
	}
	return nil
}

// keys is what the passwords and certificates come from.
func (c *Config) keys() *keyring.Keyring {
	return keyring.New(c.Seed.Input(), time.Time(c.Logging.CertificatesFrom))
}

// What the components are given of the configuration; the rest is others' outputs.

func (m Monitoring) server() *prometheus.ServerArgs {
	return &prometheus.ServerArgs{Storage: m.Storage, RetentionDays: m.RetentionDays, Etcd: m.Etcd}
}

func (a Alerts) args() *alertmanager.AlertmanagerArgs {
	return &alertmanager.AlertmanagerArgs{
		GroupWait: time.Duration(a.GroupWait), GroupInterval: time.Duration(a.GroupInterval),
		RepeatInterval: time.Duration(a.RepeatInterval), CriticalRepeatInterval: time.Duration(a.CriticalRepeatInterval), Runbooks: a.Runbooks,
	}
}

func (l Logging) servers() *elasticsearch.ClusterArgs {
	return &elasticsearch.ClusterArgs{Nodes: l.Nodes, Storage: l.Storage, Heap: l.Heap, RetentionDays: l.RetentionDays}
}

func (l Logging) agent() *fluentd.AgentArgs {
	return &fluentd.AgentArgs{BufferLimit: l.BufferLimit}
}

// hold reports certificates that don't hold yet, or that won't for long.
func (l Logging) hold(now time.Time) error {
	from := time.Time(l.CertificatesFrom)
	switch until := from.Add(keyring.Lifetime); {
	case !l.Enabled:
		return nil
	case from.After(now):
		return fmt.Errorf("%slogging.certificatesFrom: %s is yet to come, so the certificates don't hold", keyPrefix, l.CertificatesFrom)
	case until.Before(now.AddDate(0, 0, 30)):
		return fmt.Errorf("%slogging.certificatesFrom: certificates from %s hold until %s; set it to today's date",
			keyPrefix, l.CertificatesFrom, until.Format(time.DateOnly))
	}
	return nil
}

// observers are declared one after the other, each with what those before it made.
type observers struct {
	ctx      *pulumi.Context
	config   *Config
	settings *settings
	fleet    *declared
	keys     *keyring.Keyring

	agents pulumi.StringOutput // the namespace
	logs   *elasticsearch.Cluster
}

func (o *observers) logging() error {
	ctx, config, opts := o.ctx, o.config, o.settings.opts()
	space, err := namespace(ctx, loggingNamespace, kube.RestrictedNamespace(), opts...)
	if err != nil {
		return err
	}
	servers := config.Logging.servers()
	servers.Namespace, servers.StorageClass, servers.ProtectData, servers.Placement = space, o.settings.storageClass, config.Protect, o.settings.data
	servers.Keys = o.keys
	if o.logs, err = elasticsearch.NewCluster(ctx, elasticsearchName, servers, opts...); err != nil {
		return fmt.Errorf("declare Elasticsearch: %w", err)
	}
	if _, err := kibana.NewKibana(ctx, kibanaName, &kibana.KibanaArgs{
		Namespace: space, URL: o.logs.URL, CA: o.logs.CA, Password: o.logs.KibanaPassword, Keys: o.keys, NodePort: o.settings.nodePorts.kibana,
	}, opts...); err != nil {
		return fmt.Errorf("declare Kibana: %w", err)
	}
	agent := config.Logging.agent()
	agent.Namespace, agent.URL, agent.CA, agent.User, agent.Password = o.agents, o.logs.URL, o.logs.CA, o.logs.FluentdUser, o.logs.FluentdPassword
	if _, err := fluentd.NewAgent(ctx, fluentdName, agent, opts...); err != nil {
		return fmt.Errorf("declare Fluentd: %w", err)
	}
	ctx.Export("kibanaUser", pulumi.String(o.logs.ViewerUser))
	ctx.Export("kibanaPassword", o.logs.ViewerPassword)
	if !config.Monitoring.Enabled {
		return nil
	}
	if _, err := exporter.NewElasticsearch(ctx, logExporterName, &exporter.ElasticsearchArgs{
		Namespace: space, URL: o.logs.URL, CA: o.logs.CA, User: o.logs.MonitorUser, Password: o.logs.MonitorPassword,
	}, opts...); err != nil {
		return fmt.Errorf("declare Elasticsearch's exporter: %w", err)
	}
	return nil
}

func (o *observers) monitoring() error {
	ctx, config, opts := o.ctx, o.config, o.settings.opts()
	space, err := namespace(ctx, monitoringNamespace, kube.RestrictedNamespace(), opts...)
	if err != nil {
		return err
	}
	if err := o.exporters(space); err != nil {
		return err
	}
	sender := config.Alerts.args()
	sender.Namespace, sender.StorageClass, sender.ProtectData, sender.Placement = space, o.settings.storageClass, config.Protect, o.settings.data
	sender.SlackWebhook, sender.DeadMansSwitch = config.SlackWebhook.optional(), config.DeadMansSwitch.optional()
	if _, err := alertmanager.NewAlertmanager(ctx, alertmanagerName, sender, opts...); err != nil {
		return fmt.Errorf("declare Alertmanager: %w", err)
	}
	rules, err := alerts.Files(o.sets()...)
	if err != nil {
		return fmt.Errorf("read rules: %w", err)
	}
	args := config.Monitoring.server()
	args.Namespace, args.StorageClass, args.ProtectData, args.Placement = space, o.settings.storageClass, config.Protect, o.settings.data
	args.Cluster, args.Targets, args.Rules = o.settings.name, o.targets(), rules
	args.Alertmanager = prometheus.Target{Namespace: monitoringNamespace, Service: alertmanagerName, Port: "http"}
	server, err := prometheus.NewServer(ctx, prometheusName, args, opts...)
	if err != nil {
		return fmt.Errorf("declare Prometheus: %w", err)
	}
	return o.grafana(space, server)
}

func (o *observers) exporters(space pulumi.StringInput) error {
	ctx, opts := o.ctx, o.settings.opts()
	if _, err := exporter.NewKubeState(ctx, kubeStateName, &exporter.KubeStateArgs{Namespace: space}, opts...); err != nil {
		return fmt.Errorf("declare kube-state-metrics: %w", err)
	}
	if _, err := exporter.NewNode(ctx, nodeExporterName, &exporter.NodeArgs{Namespace: o.agents}, opts...); err != nil {
		return fmt.Errorf("declare node-exporter: %w", err)
	}
	if _, err := exporter.NewMongoDB(ctx, mongodbName, &exporter.MongoDBArgs{
		Namespace: o.fleet.namespace, URI: o.fleet.database.URI("admin"), User: o.fleet.database.User,
		Password: o.config.MongoDBPassword.Input(), ReplicaSet: o.config.MongoDB.Members > 1,
	}, opts...); err != nil {
		return fmt.Errorf("declare MongoDB's exporter: %w", err)
	}
	return nil
}

func (o *observers) grafana(space pulumi.StringInput, server *prometheus.Server) error {
	boards, err := dashboards.Files(dashboards.Parts{Ingress: o.settings.ingress, Logging: o.config.Logging.Enabled, Etcd: o.config.Monitoring.Etcd})
	if err != nil {
		return fmt.Errorf("make dashboards: %w", err)
	}
	sources := []grafana.DataSource{{Name: "Prometheus", UID: grafana.Prometheus, Type: "prometheus", URL: server.URL}}
	if o.logs != nil {
		sources = append(sources, grafana.DataSource{
			Name: "Elasticsearch", UID: grafana.Elasticsearch, Type: "elasticsearch", URL: o.logs.URL, CA: o.logs.CA,
			User: o.logs.ViewerUser, Password: o.logs.ViewerPassword, Index: elasticsearch.DataStream,
		})
	}
	password := o.keys.Password("grafana")
	if _, err := grafana.NewGrafana(o.ctx, grafanaName, &grafana.GrafanaArgs{
		Namespace: space, DataSources: sources, Dashboards: boards, AdminPassword: password, Home: dashboards.Home, NodePort: o.settings.nodePorts.grafana,
	}, o.settings.opts()...); err != nil {
		return fmt.Errorf("declare Grafana: %w", err)
	}
	o.ctx.Export("grafanaPassword", password)
	return nil
}

// sets are the rules for what the stack has.
func (o *observers) sets() []alerts.Set {
	sets := []alerts.Set{alerts.Fleet, alerts.Queue, alerts.Database, alerts.Kubernetes, alerts.Nodes, alerts.APIServer, alerts.Monitoring}
	if o.config.Monitoring.Etcd {
		sets = append(sets, alerts.Etcd)
	}
	if o.settings.ingress {
		sets = append(sets, alerts.Ingress)
	}
	if o.config.Logging.Enabled {
		sets = append(sets, alerts.Logging)
	}
	return sets
}

// targets are the Services that Prometheus asks, besides what every cluster has. A test holds that each is declared.
func (o *observers) targets() []prometheus.Target {
	var targets []prometheus.Target
	for _, service := range []string{simulatorService, trackerService, gatewayService, webappService} {
		targets = append(targets, prometheus.Target{Job: "fleetman-" + service, Namespace: kube.PartOf, Service: "fleetman-" + service, Port: "http"})
	}
	targets = append(targets,
		prometheus.Target{Job: "activemq", Namespace: kube.PartOf, Service: "fleetman-" + queueExporterService, Port: "http"},
		prometheus.Target{Job: "mongodb", Namespace: kube.PartOf, Service: mongodbName, Port: "metrics"},
		prometheus.Target{Job: "prometheus", Namespace: monitoringNamespace, Service: prometheusName, Port: "http"},
		prometheus.Target{Job: "alertmanager", Namespace: monitoringNamespace, Service: alertmanagerName, Port: "http"},
		prometheus.Target{Job: "grafana", Namespace: monitoringNamespace, Service: grafanaName, Port: "http"},
		prometheus.Target{Job: "kube-state-metrics", Namespace: monitoringNamespace, Service: kubeStateName, Port: "metrics", HonorLabels: true},
		prometheus.Target{Job: "kube-state-metrics-self", Namespace: monitoringNamespace, Service: kubeStateName, Port: "telemetry"},
		prometheus.Target{Job: "node-exporter", Namespace: agentsNamespace, Service: nodeExporterName, Port: "metrics"},
	)
	if o.config.Logging.Enabled {
		targets = append(targets,
			prometheus.Target{Job: "fluentd", Namespace: agentsNamespace, Service: fluentdName, Port: "metrics"},
			prometheus.Target{Job: "elasticsearch", Namespace: loggingNamespace, Service: logExporterName, Port: "metrics"},
		)
	}
	if o.settings.ingress {
		targets = append(targets, prometheus.Target{Job: "nginx-ingress", Namespace: ingressName, Service: ingressName + "-metrics", Port: "metrics"})
	}
	return targets
}
