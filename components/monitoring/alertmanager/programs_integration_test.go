//go:build integration

package alertmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// program answers with where one of Alertmanager's programs is: in the folder that MONITORING_BIN names.
func program(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(os.Getenv("MONITORING_BIN"), name)
	if _, err := os.Stat(path); err != nil || !filepath.IsAbs(path) {
		t.Fatalf("MONITORING_BIN has no %s: %v", name, err)
	}
	return path
}

// run runs a program to its end and answers with what it printed.
func run(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program(t, name), args...).CombinedOutput()
	return string(out), err
}

// place writes the pod's files below a folder and answers with the configuration's.
func place(t *testing.T, args AlertmanagerArgs, slackURL, switchURL string) string {
	t.Helper()
	root := t.TempDir()
	files, err := args.withDefaults().configuration(root)
	if err != nil {
		t.Fatal(err)
	}
	write := func(path, content string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		write(filepath.Join(root, configPath, name), content)
	}
	write(filepath.Join(root, receiversPath, slackKey), slackURL)
	write(filepath.Join(root, receiversPath, switchKey), switchURL)
	return filepath.Join(root, configPath, configFile)
}

func TestEveryConfigurationIsOneForAmtool(t *testing.T) {
	for name, change := range configurations {
		args := good()
		change(&args)
		out, err := run(t, "amtool", "check-config", place(t, args, webhookURL, switchURL))
		// The template is parsed too, if it is found.
		if err != nil || !strings.Contains(out, "SUCCESS") || !strings.Contains(out, "- 1 templates") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestEveryAlertGoesWhereItShould(t *testing.T) {
	tests := routeTests(t)
	for _, test := range tests {
		args := good()
		configurations[test.Configuration](&args)
		file := place(t, args, webhookURL, switchURL)
		route := append([]string{"config", "routes", "test", "--config.file=" + file, "--verify.receivers=" + test.Receiver}, test.Labels...)
		if out, err := run(t, "amtool", route...); err != nil {
			t.Errorf("%s: %v: %v\n%s", test.Configuration, test.Labels, err, out)
		}
	}
	t.Logf("%d routes tested", len(tests))
}

// posts is what a receiver was sent.
type posts chan []byte

// receive stands for a receiver: it answers as Slack's webhooks do, and what it was sent can be read.
func receive(t *testing.T) (posts, string) {
	t.Helper()
	got := make(posts, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- body
		_, _ = io.WriteString(w, "ok") // or Alertmanager takes it for a failure
	}))
	t.Cleanup(server.Close)
	return got, server.URL
}

// A moment and a time of day, as messages have them.
var (
	moment = regexp.MustCompile(`\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}`)
	until  = regexp.MustCompile(`to \d{2}:\d{2}:\d{2}`)
)

// next is the next thing that was sent, as indented JSON, always at the same time.
func (p posts) next(t *testing.T) []byte {
	t.Helper()
	select {
	case body := <-p:
		var indented bytes.Buffer
		if err := json.Indent(&indented, bytes.TrimSpace(body), "", "  "); err != nil {
			t.Fatal(err)
		}
		normal := moment.ReplaceAll(indented.Bytes(), []byte("2026-01-02 03:04:05"))
		return append(until.ReplaceAll(normal, []byte("to 03:09:05")), '\n')
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was sent")
		return nil
	}
}

// server is a running Alertmanager.
type server struct {
	url             string
	slack, watchdog posts
}

func start(t *testing.T) *server {
	t.Helper()
	s := &server{}
	var slackURL, switchURL string
	s.slack, slackURL = receive(t)
	s.watchdog, switchURL = receive(t)
	args := good()
	args.Runbooks = "https://example.com/fleetman"
	args.GroupWait, args.GroupInterval = time.Second, time.Second
	args.SlackWebhook, args.DeadMansSwitch = pulumi.String(slackURL), pulumi.String(switchURL)

	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + address
	var log bytes.Buffer
	c := exec.CommandContext(context.WithoutCancel(t.Context()), program(t, "alertmanager"), "--config.file="+place(t, args, slackURL, switchURL),
		"--storage.path="+t.TempDir(), "--cluster.listen-address=", "--web.listen-address="+address, "--web.external-url=http://alertmanager:9093")
	c.Stdout, c.Stderr = &log, &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Logf("Alertmanager says\n%s", log.String())
		}
	})
	for range 100 {
		if response, err := s.do(t, http.MethodGet, "/-/ready", nil); err == nil && response == http.StatusOK {
			return s
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("Alertmanager isn't ready")
	return nil
}

func (s *server) do(t *testing.T, method, path string, body []byte) (int, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode, nil
}

// alert is an alert as Prometheus posts it.
type alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// fire is an alert that fires. Its labels are key=value.
func fire(name, severity, summary, description string, labels ...string) alert {
	a := alert{
		Labels:      map[string]string{"alertname": name, "severity": severity, "cluster": "fleetman-dev", "namespace": "fleetman"},
		Annotations: map[string]string{"summary": summary, "description": description, "runbook": "docs/runbooks/" + name + ".md"},
		// Now, since what began long ago is told at once, and not with what comes a moment later.
		StartsAt: time.Now(), EndsAt: time.Now().Add(time.Hour),
	}
	for _, label := range labels {
		key, value, _ := strings.Cut(label, "=")
		a.Labels[key] = value
	}
	return a
}

func (a alert) resolved() alert {
	a.EndsAt = time.Now()
	return a
}

func (s *server) post(t *testing.T, alerts ...alert) {
	t.Helper()
	body, err := json.Marshal(alerts)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := s.do(t, http.MethodPost, "/api/v2/alerts", body); err != nil || status != http.StatusOK {
		t.Fatalf("posted: %d, %v", status, err)
	}
}

func TestSlackGetsWhatFiresAndThatItIsOver(t *testing.T) {
	s := start(t)
	stopped := fire("FleetPositionsStopped", "critical", "No positions are stored",
		"Nothing has been stored for 2m 5s. The map stands still for everybody.", "job=fleetman-position-tracker")
	s.post(t, stopped)
	golden(t, "slack-firing.json", s.slack.next(t))
	s.post(t, stopped.resolved())
	golden(t, "slack-resolved.json", s.slack.next(t))
}

// down are forty services that are down but for the first, which is up again.
func down(summary, description string) []alert {
	var many []alert
	for i := range 40 {
		job := "job-" + strconv.Itoa(100+i)
		many = append(many, fire("FleetServiceDown", "critical", job+summary, description, "job="+job))
	}
	many[0] = many[0].resolved()
	return many
}

func TestAlertsOfOneNameAreOneMessage(t *testing.T) {
	s := start(t)
	s.post(t, down(" is down", "Prometheus can't reach <it> & can't say why.")...)
	golden(t, "slack-many.json", s.slack.next(t))
}

func TestAMessageIsNeverLongAndWritesToNobody(t *testing.T) {
	s := start(t)
	s.post(t, down(" <!channel> "+strings.Repeat("é", 500), strings.Repeat("word ", 500))...)
	var message struct {
		Attachments []struct {
			Text string `json:"text"`
		} `json:"attachments"`
	}
	if err := json.Unmarshal(s.slack.next(t), &message); err != nil {
		t.Fatal(err)
	}
	text := message.Attachments[0].Text
	if count := utf8.RuneCountInString(text); count < 2000 || count > 4000 || !utf8.ValidString(text) {
		t.Errorf("%d characters: %s", count, text)
	}
	if strings.Contains(text, "<!") {
		t.Errorf("a label writes to everybody: %s", text)
	}
}

func TestACauseStandsForWhatFollowsFromIt(t *testing.T) {
	s := start(t)
	s.post(t,
		fire("BrokerDown", "critical", "The broker is down", "", "job=activemq"),
		fire("FleetPositionsStopped", "critical", "No positions are stored", ""),
		fire("FleetVehiclesOffline", "critical", "Most vehicles are offline", ""),
		fire("FleetVehiclesOffline", "warning", "Vehicles are offline", ""),
		fire("CPUThrottlingHigh", "info", "throttled", ""),
		fire("InfoInhibitor", "none", "informs only", ""),
		fire("FleetPositionLagHigh", "warning", "elsewhere", "", "namespace=other"),
	)
	got := string(s.slack.next(t)) + string(s.slack.next(t))
	for _, want := range []string{"BrokerDown", "elsewhere"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s isn't among\n%s", want, got)
		}
	}
	select {
	case more := <-s.slack:
		t.Errorf("was sent as well: %s", more)
	case <-time.After(5 * time.Second):
	}
}

func TestTheSwitchHearsTheWatchdogAndSlackDoesNot(t *testing.T) {
	s := start(t)
	s.post(t, fire("Watchdog", "none", "Alerts arrive", ""))
	var message struct {
		Status string `json:"status"`
		Alerts []struct {
			Labels map[string]string `json:"labels"`
		} `json:"alerts"`
	}
	if err := json.Unmarshal(s.watchdog.next(t), &message); err != nil {
		t.Fatal(err)
	}
	if message.Status != "firing" || len(message.Alerts) != 1 || message.Alerts[0].Labels["alertname"] != "Watchdog" {
		t.Errorf("the switch heard %+v", message)
	}
	if len(s.slack) != 0 {
		t.Errorf("Slack was sent %s", <-s.slack)
	}
}
