package alertmanager

import (
	_ "embed" // the template of the messages
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// Where things are in the pod.
const (
	configPath     = "/etc/alertmanager"
	configFile     = "alertmanager.yml"
	templateFile   = "slack.tmpl"
	receiversPath  = "/run/secrets/alertmanager"
	slackKey       = "slack-webhook"
	switchKey      = "dead-mans-switch"
	storagePath    = "/alertmanager"
	nullReceiver   = "null"
	slackReceiver  = "slack"
	switchReceiver = "dead-mans-switch"
)

//go:embed slack.tmpl
var slackTemplate string

// The configuration as Alertmanager reads it (docs/configuration.md of prometheus/alertmanager v0.34.2), as far as it is used.
type config struct {
	Global    *global    `json:"global,omitempty"`
	Route     route      `json:"route"`
	Inhibit   []inhibit  `json:"inhibit_rules"`
	Receivers []receiver `json:"receivers"`
	Templates []string   `json:"templates"`
}

type global struct {
	ResolveTimeout string `json:"resolve_timeout"`
}

type route struct {
	Receiver       string   `json:"receiver"`
	GroupBy        []string `json:"group_by,omitempty"`
	Matchers       []string `json:"matchers,omitempty"`
	GroupWait      string   `json:"group_wait,omitempty"`
	GroupInterval  string   `json:"group_interval,omitempty"`
	RepeatInterval string   `json:"repeat_interval,omitempty"`
	Routes         []route  `json:"routes,omitempty"`
}

type inhibit struct {
	Sources []string `json:"source_matchers"`
	Targets []string `json:"target_matchers"`
	Equal   []string `json:"equal"`
}

type receiver struct {
	Name     string    `json:"name"`
	Slack    []slack   `json:"slack_configs,omitempty"`
	Webhooks []webhook `json:"webhook_configs,omitempty"`
}

type slack struct {
	URLFile      string `json:"api_url_file"`
	SendResolved bool   `json:"send_resolved"`
	Timeout      string `json:"timeout"`
	Color        string `json:"color"`
	Title        string `json:"title"`
	TitleLink    string `json:"title_link"`
	Text         string `json:"text"`
	Fallback     string `json:"fallback"`
}

type webhook struct {
	URLFile      string `json:"url_file"`
	SendResolved bool   `json:"send_resolved"`
	MaxAlerts    int    `json:"max_alerts"`
	Timeout      string `json:"timeout"`
}

// configuration answers with the files of the configuration by name. No secret is among them.
func (a AlertmanagerArgs) configuration(root string) (map[string]string, error) {
	people, watchdog := nullReceiver, nullReceiver
	receivers := []receiver{{Name: nullReceiver}}
	if a.SlackWebhook != nil {
		people = slackReceiver
		receivers = append(receivers, slackTo(root+receiversPath+"/"+slackKey))
	}
	if a.DeadMansSwitch != nil {
		watchdog = switchReceiver
		receivers = append(receivers, receiver{Name: switchReceiver, Webhooks: []webhook{{
			URLFile: root + receiversPath + "/" + switchKey, MaxAlerts: 1, Timeout: "10s",
		}}})
	}
	content, err := yaml.Marshal(config{
		Global:    &global{ResolveTimeout: "5m"},
		Route:     a.route(people, watchdog),
		Inhibit:   inhibitions,
		Receivers: receivers,
		Templates: []string{root + configPath + "/" + templateFile},
	})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", configFile, err)
	}
	return map[string]string{configFile: string(content), templateFile: a.template()}, nil
}

// route says what goes to people and what to the dead-man's switch. The first that matches takes an alert.
func (a AlertmanagerArgs) route(people, watchdog string) route {
	return route{
		Receiver:       people,
		GroupBy:        []string{"alertname", "namespace"},
		GroupWait:      seconds(a.GroupWait),
		GroupInterval:  seconds(a.GroupInterval),
		RepeatInterval: seconds(a.RepeatInterval),
		Routes: []route{
			{
				// A group is looked at every interval, and told again if that was longer ago than the repetition: so every minute.
				Receiver: watchdog, Matchers: []string{`alertname="Watchdog"`}, GroupBy: []string{"alertname"},
				GroupWait: "1s", GroupInterval: "20s", RepeatInterval: "50s",
			},
			// What is of use to Alertmanager alone, such as InfoInhibitor.
			{Receiver: nullReceiver, Matchers: []string{`severity="none"`}},
			{Receiver: people, Matchers: []string{`severity="critical"`}, RepeatInterval: seconds(a.CriticalRepeatInterval)},
		},
	}
}

// slackTo is Slack behind the webhook in the file.
func slackTo(file string) receiver {
	return receiver{Name: slackReceiver, Slack: []slack{{
		URLFile: file, SendResolved: true, Timeout: "15s",
		Color:     `{{ template "fleetman.color" . }}`,
		Title:     `{{ template "fleetman.title" . }}`,
		TitleLink: `{{ template "fleetman.titlelink" . }}`,
		Text:      `{{ template "fleetman.text" . }}`,
		Fallback:  `{{ template "fleetman.title" . }}`,
	}}}
}

// inhibitions are what makes an alert unnecessary: a worse one of the same name; for information, the lack of anything worse; and
// its cause.
var inhibitions = []inhibit{
	{
		Sources: []string{`severity="critical"`}, Targets: []string{`severity=~"warning|info"`},
		// Of the same thing, whatever it is that the alert is about: one without the label is like another without it.
		Equal: []string{"namespace", "alertname", "node", "device", "persistentvolumeclaim", "name", "queue", "verb"},
	},
	{Sources: []string{`alertname="InfoInhibitor"`}, Targets: []string{`severity="info"`}, Equal: []string{"namespace"}},
	causes("BrokerDown", "namespace",
		"FleetPositionsStopped", "FleetPositionLagHigh", "FleetVehiclesOffline", "FleetReportsUnconfirmed", "FleetSimulatorStopped", "QueueNoConsumers"),
	causes("DatabaseDown", "namespace",
		"FleetPositionsStopped", "FleetPositionLagHigh", "FleetVehiclesOffline", "FleetRequestErrors", "FleetRequestLatencyHigh", "QueueBacklog"),
	causes("FleetPositionsStopped", "namespace", "FleetPositionLagHigh", "FleetVehiclesOffline"),
	causes("LogStoreDown", "namespace", "LogStoreRed", "LogStoreYellow", "LogStoreDiskLow"),
	// A node's own alerts and those of its agents say which node it is, and wait longer than the cause does; a pod's don't, in what
	// kube-state-metrics exports.
	causes("KubeNodeNotReady|KubeNodeUnreachable", "node", "KubeNodePressure", "Node.+", "FluentdDown", "FluentdBufferNearlyFull", "FluentdRetrying"),
}

// causes is a cause that stands for what follows from it, where both have the label in common.
func causes(cause, label string, effects ...string) inhibit {
	return inhibit{
		Sources: []string{fmt.Sprintf("alertname=~%q", cause)},
		Targets: []string{fmt.Sprintf("alertname=~%q", strings.Join(effects, "|"))},
		Equal:   []string{label},
	}
}

// template is the messages' template, which knows where the runbooks are: pages behind links, or paths in the repository.
func (a AlertmanagerArgs) template() string {
	page, runbook := "", "{{ . }}"
	if a.Runbooks != "" {
		page = strings.TrimSuffix(a.Runbooks, "/") + "/{{ . }}"
		runbook = "<" + page + "|Runbook>"
	}
	return fmt.Sprintf("{{ define \"fleetman.page\" }}%s{{ end }}\n{{ define \"fleetman.runbook\" }}%s{{ end }}\n%s", page, runbook, slackTemplate)
}

// seconds is a duration as Prometheus' programs read it; Go's own 1m30s is one, its 1.5s would not be.
func seconds(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
