//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// The drill's namespace, and where in it Slack and the dead man's switch are.
const (
	drillNamespace = "drill"
	receiver       = "receiver"
)

// TestAlertsAreDeliveredAndResolved is one story: the stack as it is in dev, with a receiver in Slack's place, is broken in three
// ways and mended again.
func TestAlertsAreDeliveredAndResolved(t *testing.T) {
	s := newStory(t)
	d := &drill{story: s}
	s.step("the cluster starts", func(t *testing.T) { s.lab(t, "remove"); s.lab(t, "start") })
	s.step("a receiver stands in Slack's place", d.receiver)
	s.step("up brings the fleet and what watches it up", d.up)
	s.step("every target is up, and none is missing", d.targets)
	s.step("every rule is loaded and evaluates", d.rules)
	s.step("the dead man's switch is called", func(t *testing.T) {
		eventually(t, 2*time.Minute, "a call of the dead man's switch", func() bool {
			return slices.ContainsFunc(d.received(t), func(m message) bool { return m.Path == "/switch" })
		})
	})
	s.step("nothing is wrong, and nothing is said to be", d.quiet)
	s.step("a tracker that is stopped is told of, and that it is back", d.tracker)
	s.step("a broker that is dead is told of, and that it is back", d.broker)
	s.step("a queue that is full is told of, and that it is empty", d.full)
	s.step("every dashboard's queries are answered", d.dashboards)
	s.step("what it all takes is counted", s.consumption)
	s.step("destroy leaves nothing in the cluster", s.destroy)
	s.step("removing the node leaves nothing on the machine", s.removed)
	if !t.Failed() {
		report(t, fmt.Sprintf("%d alerts delivered to Slack's place and %d resolved, over %d targets and %d rules", d.delivered, d.resolved, d.ups, d.loaded))
	}
}

// report leaves the last line of make test-alerts.
func report(t *testing.T, line string) {
	t.Helper()
	if err := os.WriteFile(os.Getenv("FLEETMAN_REPORT"), []byte(line+"\n"), 0o644); err != nil {
		t.Errorf("write the report (run this by make test-alerts): %v", err)
	}
}

type drill struct {
	*story
	delivered, resolved, ups, loaded int
}

func (d *drill) receiver(t *testing.T) {
	manifest := filepath.Join(t.TempDir(), "receiver.json")
	text := `{"apiVersion":"v1","kind":"List","items":[
		{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"drill"}},
		{"apiVersion":"v1","kind":"Pod","metadata":{"name":"receiver","namespace":"drill","labels":{"app":"receiver"}},
			"spec":{"containers":[{"name":"receiver","image":"fleetman.lab/receiver:1","imagePullPolicy":"Never"}]}},
		{"apiVersion":"v1","kind":"Service","metadata":{"name":"receiver","namespace":"drill"},
			"spec":{"selector":{"app":"receiver"},"ports":[{"port":80,"targetPort":8080}]}}]}`
	if err := os.WriteFile(manifest, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d.run(t, "kubectl", "apply", "--filename", manifest)
	at := "http://" + receiver + "." + drillNamespace
	d.run(t, "pulumi", "config", "set", "--stack", "dev", "--secret", "fleetman:slackWebhook", at+"/slack")
	d.run(t, "pulumi", "config", "set", "--stack", "dev", "--secret", "fleetman:deadMansSwitch", at+"/switch")
	// A broker that is soon full, and word of what is well again without the five minutes that people wait.
	d.run(t, "pulumi", "config", "set", "--stack", "dev", "--path", "fleetman:activemq.storage", "256Mi")
	d.run(t, "pulumi", "config", "set", "--stack", "dev", "--path", "fleetman:alerts.groupInterval", "30s")
	d.run(t, "kubectl", "--namespace", drillNamespace, "wait", "--for=condition=Ready", "pods", "--all", "--timeout=60s")
}

func (d *drill) up(t *testing.T) {
	d.pulumi(t, "up", "--yes", "--skip-preview")
	for _, namespace := range []string{"fleetman", "fleetman-monitoring", "fleetman-agents"} {
		d.run(t, "kubectl", "--namespace", namespace, "wait", "--for=condition=Ready", "pods", "--all", "--timeout=120s")
	}
	d.positionsMove(t)
}

// ask is the answer of a Service, by way of the API server.
func (d *drill) ask(t *testing.T, namespace, service, path string, into any) error {
	t.Helper()
	out, err := d.command("kubectl", "get", "--raw", "/api/v1/namespaces/"+namespace+"/services/"+service+"/proxy"+path).Output()
	if err != nil {
		return fmt.Errorf("ask %s for %s: %w", service, path, err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("read what %s says to %s: %w", service, path, err)
	}
	return nil
}

func (d *drill) prometheus(t *testing.T, path string, into any) {
	t.Helper()
	if err := d.ask(t, "fleetman-monitoring", "prometheus:http", path, into); err != nil {
		t.Fatal(err)
	}
}

// jobs are what is asked for measurements in dev, each by as many targets as there are: of the kubelet three paths.
var jobs = map[string]int{
	"fleetman-position-simulator": 1, "fleetman-position-tracker": 1, "fleetman-api-gateway": 1, "fleetman-webapp": 1,
	"activemq": 1, "mongodb": 1, "prometheus": 1, "alertmanager": 1, "grafana": 1, "kube-state-metrics": 1, "kube-state-metrics-self": 1,
	"node-exporter": 1, "apiserver": 1, "kubelet": 3, "coredns": 2, "etcd": 1,
}

func (d *drill) targets(t *testing.T) {
	type target struct {
		Labels    map[string]string
		Health    string
		LastError string
	}
	var active []target
	up := func() map[string]int {
		var answer struct {
			Data struct{ ActiveTargets []target }
		}
		d.prometheus(t, "/api/v1/targets?state=active", &answer)
		active = answer.Data.ActiveTargets
		counted := map[string]int{}
		for _, target := range active {
			if target.Health == "up" {
				counted[target.Labels["job"]]++
			}
		}
		return counted
	}
	for deadline := time.Now().Add(2 * time.Minute); !maps.Equal(up(), jobs) && time.Now().Before(deadline); {
		time.Sleep(5 * time.Second)
	}
	counted := up()
	for _, job := range slices.Sorted(maps.Keys(jobs)) {
		if counted[job] != jobs[job] {
			t.Errorf("%d targets of %s are up, want %d", counted[job], job, jobs[job])
		}
	}
	for _, target := range active {
		if target.Health != "up" || jobs[target.Labels["job"]] == 0 {
			t.Errorf("%v is %s: %s", target.Labels, target.Health, target.LastError)
		}
	}
	d.ups = len(active)
	t.Logf("%d targets are up", len(active))
}

// declared are the names of the rules of a file.
func declaredRules(t *testing.T, file string) []string {
	t.Helper()
	var content struct {
		Groups []struct {
			Rules []struct{ Alert, Record string }
		}
	}
	if err := yaml.Unmarshal(read(t, file), &content); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, group := range content.Groups {
		for _, rule := range group.Rules {
			names = append(names, rule.Alert+rule.Record)
		}
	}
	return names
}

func (d *drill) rules(t *testing.T) {
	var want []string
	files, _ := filepath.Glob(filepath.Join(d.dir, "components/monitoring/alerts/rules/*.yaml"))
	for _, file := range files {
		if set := strings.TrimSuffix(filepath.Base(file), ".yaml"); set != "ingress" && set != "logging" { // which dev doesn't have
			want = append(want, declaredRules(t, file)...)
		}
	}
	type rule struct{ Name, Health, LastError string }
	var rules []rule
	eventually(t, 2*time.Minute, "every rule to have been evaluated", func() bool {
		var answer struct {
			Data struct {
				Groups []struct{ Rules []rule }
			}
		}
		d.prometheus(t, "/api/v1/rules", &answer)
		rules = nil
		for _, group := range answer.Data.Groups {
			rules = append(rules, group.Rules...)
		}
		return !slices.ContainsFunc(rules, func(r rule) bool { return r.Health == "unknown" })
	})
	var names []string
	for _, rule := range rules {
		names = append(names, rule.Name)
		if rule.Health != "ok" {
			t.Errorf("%s is %s: %s", rule.Name, rule.Health, rule.LastError)
		}
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("loaded are\n%v\nand declared\n%v", names, want)
	}
	d.loaded = len(rules)
	t.Logf("%d rules are loaded", len(rules))
}

// message is what came to the receiver.
type message struct {
	Time time.Time
	Path string
	Body json.RawMessage
}

func (d *drill) received(t *testing.T) []message {
	t.Helper()
	var messages []message
	if err := d.ask(t, drillNamespace, receiver+":80", "/", &messages); err != nil {
		t.Fatal(err)
	}
	return messages
}

type alert struct {
	Labels   map[string]string
	State    string
	ActiveAt time.Time
}

func (d *drill) alerts(t *testing.T) []alert {
	t.Helper()
	var answer struct {
		Data struct{ Alerts []alert }
	}
	d.prometheus(t, "/api/v1/alerts", &answer)
	return answer.Data.Alerts
}

// firing are the alerts that people are to hear of.
func (d *drill) firing(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, alert := range d.alerts(t) {
		if severity := alert.Labels["severity"]; alert.State == "firing" && (severity == "critical" || severity == "warning") {
			names = append(names, fmt.Sprint(alert.Labels["alertname"], alert.Labels))
		}
	}
	return names
}

// quiet waits until what a start stirs up has settled.
func (d *drill) quiet(t *testing.T) {
	for deadline := time.Now().Add(3 * time.Minute); len(d.firing(t)) != 0 && time.Now().Before(deadline); {
		time.Sleep(5 * time.Second)
	}
	if names := d.firing(t); len(names) != 0 {
		t.Errorf("firing: %v", names)
	}
}

// slack is a message to Slack, of which the whole is compared with a file.
type slack struct {
	Attachments []struct{ Title, Text, Fallback, Color string }
}

// about says whether the message is about the alert in that state.
func (m message) about(alert, state string) bool {
	var content slack
	if m.Path != "/slack" || json.Unmarshal(m.Body, &content) != nil || len(content.Attachments) != 1 {
		return false
	}
	title := content.Attachments[0].Title
	return strings.Contains(title, alert) && strings.Contains(title, state)
}

// delivery waits for word of the alert in that state, and compares it with the file of that name.
func (d *drill) delivery(t *testing.T, alert, state string, since time.Time, limit time.Duration) {
	t.Helper()
	for {
		messages := d.received(t)
		if i := slices.IndexFunc(messages, func(m message) bool { return m.about(alert, state) && m.Time.After(since) }); i >= 0 {
			t.Logf("%s %s was delivered after %s", alert, state, messages[i].Time.Sub(since).Round(time.Second))
			d.compare(t, fmt.Sprintf("%s-%s.json", alert, strings.ToLower(state)), messages[i].Body)
			return
		}
		if time.Since(since) > limit {
			var bodies []string
			for _, m := range messages {
				if m.Path == "/slack" {
					bodies = append(bodies, string(m.Body))
				}
			}
			t.Fatalf("no word of %s %s within %s; firing are %v; received were\n%s", alert, state, limit, d.firing(t), strings.Join(bodies, "\n"))
		}
		time.Sleep(2 * time.Second)
	}
}

// pending is since when the alert's condition holds.
func (d *drill) pending(t *testing.T, alert string) time.Time {
	t.Helper()
	var since time.Time
	eventually(t, 3*time.Minute, alert+" to be noticed", func() bool {
		for _, a := range d.alerts(t) {
			if a.Labels["alertname"] == alert && a.Labels["severity"] == "critical" {
				since = a.ActiveAt
				return true
			}
		}
		return false
	})
	return since
}

// passing is what of a message is another each time.
var passing = regexp.MustCompile(`(\d{4}-\d\d-\d\d )?\d\d:\d\d(:\d\d)?|\d+(\.\d+)?(%| ?[kMG]i?B|(ms|[dhms])\b)`)

func (d *drill) compare(t *testing.T, name string, body []byte) {
	t.Helper()
	var indented bytes.Buffer
	if err := json.Indent(&indented, passing.ReplaceAll(body, []byte("…")), "", "  "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	file := filepath.Join("testdata", name)
	if os.Getenv("FLEETMAN_UPDATE") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, indented.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, file); !bytes.Equal(want, indented.Bytes()) {
		t.Errorf("Slack was sent\n%s\nwant\n%s", indented.Bytes(), want)
	}
}

// broken breaks something, waits for the word of it within the alert's own wait and a minute of its being noticed, mends it, and
// waits for the word that it is well.
func (d *drill) broken(t *testing.T, alert string, wait time.Duration, breakIt, mendIt func()) {
	t.Helper()
	began := time.Now()
	breakIt()
	noticed := d.pending(t, alert)
	t.Logf("%s was noticed after %s", alert, noticed.Sub(began).Round(time.Second))
	d.delivery(t, alert, "FIRING", noticed, wait+time.Minute)
	d.delivered++
	mended := time.Now()
	mendIt()
	d.delivery(t, alert, "RESOLVED", mended, 5*time.Minute)
	d.resolved++
}

func (d *drill) scale(t *testing.T, deployment string, replicas int) func() {
	return func() {
		d.run(t, "kubectl", "--namespace", "fleetman", "scale", "deployment/"+deployment, "--replicas="+strconv.Itoa(replicas))
	}
}

func (d *drill) tracker(t *testing.T) {
	const name = "fleetman-position-tracker"
	d.broken(t, "FleetPositionsStopped", time.Minute, d.scale(t, name, 0), d.scale(t, name, 1))
}

func (d *drill) broker(t *testing.T) {
	const name = "fleetman-queue"
	d.broken(t, "BrokerDown", time.Minute, d.scale(t, name, 0), d.scale(t, name, 1))
	d.positionsMove(t)
}

// full fills the broker's store until it takes no more, as a backlog does in the end.
func (d *drill) full(t *testing.T) {
	d.broken(t, "BrokerStoreNearlyFull", time.Minute, func() {
		broker := d.stomp(t)
		defer broker.end()
		sent := 0
		for ; sent < 400 && broker.send(t); sent++ {
		}
		t.Logf("%d messages of %d bytes filled the store", sent, len(filler))
		if sent == 0 || sent == 400 {
			t.Error("the store is not full")
		}
	}, func() {
		broker := d.stomp(t)
		defer broker.end()
		t.Logf("%d messages were taken out again", broker.drain(t))
	})
	d.positionsMove(t)
}

// filler is what a message is filled with, within the broker's largest frame.
var filler = bytes.Repeat([]byte("x"), 900<<10)

// broker is a connection by STOMP 1.2, whose frames end in a zero byte.
type broker struct {
	net.Conn
	lines *bufio.Reader
	stop  func()
}

func (d *drill) stomp(t *testing.T) *broker {
	t.Helper()
	address, stop := d.forward(t, "fleetman-queue", "61613")
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	b := &broker{Conn: conn, lines: bufio.NewReader(conn), stop: stop}
	fmt.Fprintf(b, "CONNECT\naccept-version:1.2\nhost:fleetman\nlogin:fleet\npasscode:%s\n\n\x00", d.password(t))
	if frame, err := b.frame(10 * time.Second); err != nil || frame != "CONNECTED" {
		t.Fatalf("connect to the broker: %q, %v", frame, err)
	}
	return b
}

func (b *broker) end() {
	b.Close()
	b.stop()
}

// frame is the command of the next frame.
func (b *broker) frame(limit time.Duration) (string, error) {
	if err := b.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return "", err
	}
	frame, err := b.lines.ReadBytes(0)
	command, _, _ := strings.Cut(strings.TrimLeft(string(frame), "\n"), "\n")
	return command, err
}

// send says whether the broker took one more message.
func (b *broker) send(t *testing.T) bool {
	t.Helper()
	if err := b.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(b, "SEND\ndestination:/queue/drill\npersistent:true\nreceipt:1\ncontent-type:text/plain\n\n")
	if _, err := io.Copy(b, io.MultiReader(bytes.NewReader(filler), strings.NewReader("\x00"))); err != nil {
		return false
	}
	frame, err := b.frame(10 * time.Second)
	return err == nil && frame == "RECEIPT"
}

// drain takes everything out.
func (b *broker) drain(t *testing.T) int {
	t.Helper()
	fmt.Fprint(b, "SUBSCRIBE\nid:0\ndestination:/queue/drill\nack:auto\n\n\x00")
	for taken := 0; ; taken++ {
		if frame, err := b.frame(15 * time.Second); err != nil || frame != "MESSAGE" {
			return taken
		}
	}
}

// exprs are the queries of a dashboard's panels, those in rows included.
func exprs(panels []panel) []string {
	var all []string
	for _, p := range panels {
		for _, target := range p.Targets {
			if target.Expr != "" {
				all = append(all, target.Expr)
			}
		}
		all = append(all, exprs(p.Panels)...)
	}
	return all
}

type panel struct {
	Targets []struct{ Expr string }
	Panels  []panel
}

// variables are what a query has in place of Grafana's.
var variables = regexp.MustCompile(`\$__(rate_interval|interval|range)|\$\{?[a-z_]+(:[a-z]+)?\}?`)

func replaced(expr string) string {
	return variables.ReplaceAllStringFunc(expr, func(name string) string {
		if strings.HasPrefix(name, "$__") {
			return "5m"
		}
		return ".+"
	})
}

// grafana is Grafana's API, as its administrator sees it.
type grafana struct{ base, password string }

func (g grafana) get(t *testing.T, path string, into any) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, g.base+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("admin", g.password)
	client := http.Client{Timeout: 20 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || json.Unmarshal(body, into) != nil {
		t.Fatalf("%s: %s %v %.500s", path, response.Status, err, body)
	}
}

// silent are parts of queries that have no answer in the lab, because what they count didn't happen or isn't there.
var silent = []string{
	"mongodb_ss_", "mongodb_connections_used:ratio", // FerretDB's, in MongoDB's place
	"mongodb_members_health", "mongodb_replication_lag_seconds", // of a replica set
	"kubelet_volume_stats_",                                                                                            // of volumes that are no folders of the node
	"coredns_proxy_",                                                                                                   // of names outside the cluster
	"grafana_http_",                                                                                                    // which the stand-in doesn't count
	"kube_state_metrics_list_total",                                                                                    // the API server streams its lists
	"[.]DLQ", "etcd_request_errors_total", `code=~"5..`, `code=~"[45]..`, "up == 0", "_missed_total", "restarts_total", // of what went wrong
}

// dashboards asks every query of every dashboard of Grafana's data source, as Grafana does.
func (d *drill) dashboards(t *testing.T) {
	output := func(args ...string) string {
		return strings.TrimSpace(d.run(t, "pulumi", append([]string{"stack", "output", "--stack", "dev"}, args...)...))
	}
	grafana := grafana{base: output("grafanaURL"), password: output("--show-secrets", "grafanaPassword")}
	var found []struct{ UID, Title string }
	grafana.get(t, "/api/search?type=dash-db", &found)
	asked, empty := 0, 0
	for _, board := range found {
		var content struct {
			Dashboard struct{ Panels []panel }
		}
		grafana.get(t, "/api/dashboards/uid/"+board.UID, &content)
		queries := exprs(content.Dashboard.Panels)
		if len(queries) == 0 {
			t.Errorf("%s asks nothing", board.Title)
		}
		for _, expr := range queries {
			var answer struct {
				Status string
				Data   struct{ Result []json.RawMessage }
			}
			grafana.get(t, "/api/datasources/proxy/uid/prometheus/api/v1/query?query="+url.QueryEscape(replaced(expr)), &answer)
			asked++
			if answer.Status != "success" {
				t.Errorf("%s: %s is answered %q", board.Title, expr, answer.Status)
			}
			if len(answer.Data.Result) == 0 {
				empty++
				if !slices.ContainsFunc(silent, func(part string) bool { return strings.Contains(expr, part) }) {
					t.Errorf("%s: nothing for %s", board.Title, expr)
				}
			}
		}
	}
	t.Logf("%d dashboards asked %d queries; %d of them are of what didn't happen here", len(found), asked, empty)
	if len(found) == 0 || asked == empty {
		t.Error("there is nothing to ask")
	}
}
