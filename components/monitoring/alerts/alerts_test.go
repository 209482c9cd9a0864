package alerts

import (
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"

	"fleetman/components/monitoring/catalogue"
	"fleetman/components/monitoring/prometheus"
)

var update = flag.Bool("update", false, "write the index of the runbooks instead of comparing with it")

const (
	root     = "../../.."
	runbooks = "docs/runbooks"
	// mark divides the index's text from the table, which is made.
	mark = "<!-- made: go test ./components/monitoring/alerts -update -->\n"
	// shortest is four scrapes: a window that one of them missed still has enough to go by.
	shortest = time.Minute
)

// A rule is one of a set.
type rule struct {
	rulefmt.Rule
	set Set
}

func (r rule) alerting() bool { return r.Alert != "" }
func (r rule) name() string   { return r.Alert + r.Record }
func (r rule) String() string { return fmt.Sprintf("%s of %s", r.name(), r.set) }

// allSets are the sets of the package, and each has its file.
var allSets = []Set{Fleet, Queue, Database, Kubernetes, Nodes, APIServer, Etcd, Ingress, Monitoring, Logging}

var language = parser.NewParser(parser.Options{})

// allRules are the rules of every file, in order.
func allRules(t *testing.T) []rule {
	t.Helper()
	files, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, file := range slices.Sorted(maps.Keys(files)) {
		groups, errs := rulefmt.Parse([]byte(files[file]), false, model.LegacyValidation, language, slog.New(slog.DiscardHandler))
		for _, err := range errs {
			t.Errorf("%s: %v", file, err)
		}
		if groups == nil {
			continue
		}
		for _, group := range groups.Groups {
			for _, each := range group.Rules {
				all = append(all, rule{each, Set(strings.TrimSuffix(file, ".yaml"))})
			}
		}
	}
	return all
}

// alertNames are the names of the alerts, each once, sorted: those with two severities have one page.
func alertNames(t *testing.T) []string {
	t.Helper()
	names := map[string]bool{}
	for _, rule := range allRules(t) {
		if rule.alerting() {
			names[rule.Alert] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func TestFilesHoldsTheSetsThatAreAskedFor(t *testing.T) {
	for name, test := range map[string]struct {
		sets []Set
		want []string
	}{
		"none":       {nil, nil},
		"two":        {[]Set{Nodes, Kubernetes}, []string{"kubernetes.yaml", "nodes.yaml"}},
		"one, twice": {[]Set{Etcd, Etcd}, []string{"etcd.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := Files(test.sets...)
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, test.want) {
				t.Errorf("Files gives %q, want %q", got, test.want)
			}
			for name, content := range files {
				want, err := os.ReadFile(filepath.Join("rules", name))
				if err != nil {
					t.Fatal(err)
				}
				if content != string(want) {
					t.Errorf("%s isn't the file of that name", name)
				}
			}
		})
	}
}

func TestFilesRefusesEverySetThatThereIsnt(t *testing.T) {
	files, err := Files(Nodes, "weather", "rules/nodes", "")
	if err == nil || files != nil {
		t.Fatalf("Files gives %d files and %v, want none and an error", len(files), err)
	}
	for _, want := range []string{`called "weather"`, `called "rules/nodes"`, `called ""`, "kubernetes.yaml"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q isn't in: %v", want, err)
		}
	}
}

func TestEverySetIsAFileAndEveryFileASet(t *testing.T) {
	if _, err := Files(allSets...); err != nil {
		t.Error(err)
	}
	files, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	for name := range files {
		if !slices.Contains(allSets, Set(strings.TrimSuffix(name, ".yaml"))) {
			t.Errorf("no set is called after rules/%s", name)
		}
	}
}

// TestEveryRuleParses is of the expressions and of the templates in labels and annotations.
func TestEveryRuleParses(t *testing.T) {
	if len(allRules(t)) == 0 {
		t.Error("there are no rules")
	}
}

func TestEveryAlertSaysWhatItIs(t *testing.T) {
	own := regexp.MustCompile(`\{\{.*\$labels`)
	for _, rule := range allRules(t) {
		if !rule.alerting() {
			continue
		}
		if !slices.Contains([]string{"critical", "warning", "info", "none"}, rule.Labels["severity"]) {
			t.Errorf("%s has the severity %q", rule, rule.Labels["severity"])
		}
		for _, name := range []string{"summary", "description"} {
			if text := rule.Annotations[name]; text == "" || text != strings.TrimSpace(text) || strings.Contains(text, "\n") {
				t.Errorf("%s has the %s %q, want one line", rule, name, text)
			}
		}
		if want := runbooks + "/" + rule.Alert + ".md"; rule.Annotations["runbook"] != want {
			t.Errorf("%s has the runbook %q, want %q", rule, rule.Annotations["runbook"], want)
		}
		if len(rule.Annotations) != 3 {
			t.Errorf("%s has annotations that nobody shows: %v", rule, slices.Sorted(maps.Keys(rule.Annotations)))
		}
		// What fires once for each of many says which.
		if grouped(t, rule) && !own.MatchString(rule.Annotations["summary"]) {
			t.Errorf("%s fires once for each of many, and its summary %q doesn't say which", rule, rule.Annotations["summary"])
		}
	}
}

// grouped says whether an alert's expression ends in an aggregation by more than what there is one of.
func grouped(t *testing.T, rule rule) bool {
	t.Helper()
	expression, err := language.ParseExpr(rule.Expr)
	if err != nil {
		t.Fatalf("%s: %v", rule, err)
	}
	for {
		switch node := expression.(type) {
		case *parser.BinaryExpr:
			expression = node.LHS
		case *parser.ParenExpr:
			expression = node.Expr
		case *parser.AggregateExpr:
			return slices.ContainsFunc(node.Grouping, func(label string) bool {
				return !slices.Contains([]string{"cluster", "namespace", "service", "job", "le"}, label)
			})
		default:
			return false
		}
	}
}

func TestNoWindowIsShorterThanFourScrapes(t *testing.T) {
	for _, rule := range allRules(t) {
		expression, err := language.ParseExpr(rule.Expr)
		if err != nil {
			t.Fatalf("%s: %v", rule, err)
		}
		parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
			if window, ok := node.(*parser.MatrixSelector); ok && window.Range < shortest {
				t.Errorf("%s looks at %s", rule, window)
			}
			return nil
		})
	}
}

func TestEveryMetricIsRecordedOrExportedByTheJobThatIsNamedAndKept(t *testing.T) {
	records := map[string]bool{}
	for _, rule := range allRules(t) {
		if !rule.alerting() {
			records[rule.Record] = true
		}
	}
	for _, rule := range allRules(t) {
		for _, problem := range unknown(rule.Expr, records) {
			t.Errorf("%s: %s", rule, problem)
		}
	}
	for query, want := range map[string]string{
		`up{job="etcd"} + made:up:rate1m`: "",
		`made_up`:                         "nobody exports made_up",
		`kubelet_volume_stats_available_bytes{job="apiserver"}`:   "apiserver doesn't export kubelet_volume_stats_available_bytes",
		`rate(kubernetes_feature_enabled{job="apiserver"}[5m])`:   "apiserver's kubernetes_feature_enabled is dropped",
		`kubernetes_feature_enabled`:                              "kubernetes_feature_enabled is dropped",
		`etcd_server_has_leader{job="etcd"} and made:down:rate1m`: "nobody exports made:down:rate1m",
	} {
		if got := strings.Join(unknown(query, map[string]bool{"made:up:rate1m": true}), "; "); got != want {
			t.Errorf("of %s unknown says %q, want %q", query, got, want)
		}
	}
}

// unknown says what a query asks for in vain.
func unknown(query string, records map[string]bool) []string {
	jobs := catalogue.Jobs()
	byItself := jobs["prometheus-itself"]
	expression, err := language.ParseExpr(query)
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok || records[selector.Name] || slices.Contains(byItself, selector.Name) {
			return nil
		}
		if selector.Name == "" {
			problems = append(problems, fmt.Sprintf("%s names no metric", selector))
			return nil
		}
		job := ""
		for _, matcher := range selector.LabelMatchers {
			if matcher.Name == "job" && matcher.Type == labels.MatchEqual {
				job = matcher.Value
			}
		}
		var exporting []string
		for each, names := range jobs {
			if slices.Contains(names, selector.Name) {
				exporting = append(exporting, each)
			}
		}
		keeps := func(job string) bool { return !prometheus.Drops(job, selector.Name) }
		switch {
		case len(exporting) == 0:
			problems = append(problems, "nobody exports "+selector.Name)
		case job != "" && !slices.Contains(exporting, job):
			problems = append(problems, fmt.Sprintf("%s doesn't export %s", job, selector.Name))
		case job != "" && !keeps(job):
			problems = append(problems, fmt.Sprintf("%s's %s is dropped", job, selector.Name))
		case !slices.ContainsFunc(exporting, keeps):
			problems = append(problems, selector.Name+" is dropped")
		}
		return nil
	})
	return problems
}

// What of promtool's tests is read: https://prometheus.io/docs/prometheus/3.13/configuration/unit_testing_rules/.
type (
	promtoolFile struct {
		RuleFiles []string       `json:"rule_files"`
		Tests     []promtoolTest `json:"tests"`
	}
	promtoolTest struct {
		Alerts  []alertTest `json:"alert_rule_test"`
		Queries []queryTest `json:"promql_expr_test"`
	}
	alertTest struct {
		Name   string `json:"alertname"`
		Alerts []struct {
			Labels map[string]string `json:"exp_labels"`
		} `json:"exp_alerts"`
	}
	queryTest struct {
		Query   string `json:"expr"`
		Samples []struct {
			Labels string  `json:"labels"`
			Value  float64 `json:"value"`
		} `json:"exp_samples"`
	}
)

// TestPromtoolSeesEveryRuleFireAndStaySilent is of what the promtool tests expect; promtool says whether they get it. Alerts of one
// name are told apart by their rules' own labels. A record is seen with two different answers.
func TestPromtoolSeesEveryRuleFireAndStaySilent(t *testing.T) {
	tests := map[Set][]promtoolTest{}
	for _, set := range allSets {
		content, err := os.ReadFile(filepath.Join("tests", string(set)+".yaml"))
		if err != nil {
			t.Error(err)
			continue
		}
		var file promtoolFile
		if err := yaml.Unmarshal(content, &file); err != nil {
			t.Errorf("tests/%s.yaml: %v", set, err)
		}
		if want := []string{"../rules/" + string(set) + ".yaml"}; !slices.Equal(file.RuleFiles, want) {
			t.Errorf("tests/%s.yaml is about %q, want %q", set, file.RuleFiles, want)
		}
		tests[set] = file.Tests
	}
	alwaysFires := []string{"Watchdog"}
	for _, rule := range allRules(t) {
		if !rule.alerting() {
			if answers := answers(t, rule.Record, tests[rule.set]); len(answers) < 2 {
				t.Errorf("%s is seen with %d different answers, want 2 or more", rule, len(answers))
			}
			continue
		}
		fires, silent := firing(rule, tests[rule.set])
		if !fires {
			t.Errorf("no test sees %s with the labels %v fire", rule, rule.Labels)
		}
		if !silent && !slices.Contains(alwaysFires, rule.Alert) {
			t.Errorf("no test sees %s stay silent", rule)
		}
	}
}

// firing says whether tests expect an alert, and whether they expect it not to be there.
func firing(rule rule, tests []promtoolTest) (fires, silent bool) {
	for _, test := range tests {
		for _, check := range test.Alerts {
			if check.Name != rule.Alert {
				continue
			}
			silent = silent || len(check.Alerts) == 0
			for _, alert := range check.Alerts {
				same := true
				for label, value := range rule.Labels {
					same = same && alert.Labels[label] == value
				}
				fires = fires || same
			}
		}
	}
	return fires, silent
}

// answers are the different answers that tests expect to queries about a record.
func answers(t *testing.T, record string, tests []promtoolTest) map[string]bool {
	t.Helper()
	different := map[string]bool{}
	for _, test := range tests {
		for _, check := range test.Queries {
			names, err := catalogue.Metrics(check.Query)
			if err != nil {
				t.Errorf("%s: %v", check.Query, err)
			}
			if slices.Contains(names, record) {
				different[fmt.Sprint(check.Samples)] = true
			}
		}
	}
	return different
}

func TestEveryAlertHasItsRunbookAndEveryRunbookItsAlert(t *testing.T) {
	pages, err := fs.Glob(os.DirFS(filepath.Join(root, runbooks)), "*.md")
	if err != nil {
		t.Fatal(err)
	}
	alerts := alertNames(t)
	for _, alert := range alerts {
		if !slices.Contains(pages, alert+".md") {
			t.Errorf("%s has no page in %s", alert, runbooks)
		}
	}
	for _, page := range pages {
		if page != "README.md" && !slices.Contains(alerts, strings.TrimSuffix(page, ".md")) {
			t.Errorf("%s/%s is about no alert", runbooks, page)
		}
	}
}

var (
	sections = regexp.MustCompile(`(?m)^## (.+)$`)
	fences   = regexp.MustCompile("(?s)```([a-z]*)\n(.*?)```")
	links    = regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)
)

func TestEveryRunbookSaysWhatItMeansWhoFeelsItHowToLookAndWhatToDo(t *testing.T) {
	records := map[string]bool{}
	for _, rule := range allRules(t) {
		if !rule.alerting() {
			records[rule.Record] = true
		}
	}
	for _, alert := range alertNames(t) {
		page := filepath.Join(runbooks, alert+".md")
		content, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Error(err)
			continue
		}
		text := string(content)
		if title, _, _ := strings.Cut(text, "\n"); title != "# "+alert {
			t.Errorf("%s begins with %q, want its alert", page, title)
		}
		var found []string
		parts := sections.FindAllStringSubmatchIndex(text, -1)
		for i, part := range parts {
			end := len(text)
			if i+1 < len(parts) {
				end = parts[i+1][0]
			}
			found = append(found, text[part[2]:part[3]])
			if strings.TrimSpace(text[part[1]:end]) == "" {
				t.Errorf("%s says nothing under %q", page, text[part[2]:part[3]])
			}
		}
		if want := []string{"What it means", "What users feel", "How to look", "What to do"}; !slices.Equal(found, want) {
			t.Errorf("%s has the sections %q, want %q", page, found, want)
		}
		commands := 0
		for _, fence := range fences.FindAllStringSubmatch(text, -1) {
			switch fence[1] {
			case "sh":
				commands++
			case "promql":
				commands++
				for query := range strings.SplitSeq(strings.TrimSpace(fence[2]), "\n\n") {
					for _, problem := range unknown(query, records) {
						t.Errorf("%s asks %s: %s", page, query, problem)
					}
				}
			}
		}
		if commands == 0 {
			t.Errorf("%s has no command and no query", page)
		}
		for _, link := range links.FindAllStringSubmatch(text, -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, runbooks, link[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, link[1], err)
			}
		}
	}
}

func TestTheIndexNamesEveryRunbook(t *testing.T) {
	path := filepath.Join(root, runbooks, "README.md")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, made, ok := strings.Cut(string(content), mark)
	if !ok {
		t.Fatalf("%s/README.md has no line %q", runbooks, mark)
	}
	want := index(allRules(t))
	if *update {
		if err := os.WriteFile(path, []byte(text+mark+want), 0o644); err != nil { //nolint:gosec // read by everybody
			t.Fatal(err)
		}
		return
	}
	if made != want {
		t.Errorf("%s/README.md lists\n%s\nwant\n%s", runbooks, made, want)
	}
}

// index is a table of the alerts for each set.
func index(all []rule) string {
	severities := map[Set]map[string][]string{}
	for _, rule := range all {
		if !rule.alerting() {
			continue
		}
		if severities[rule.set] == nil {
			severities[rule.set] = map[string][]string{}
		}
		severities[rule.set][rule.Alert] = append(severities[rule.set][rule.Alert], rule.Labels["severity"])
	}
	var out strings.Builder
	for _, set := range allSets {
		fmt.Fprintf(&out, "\n## %s\n\n| alert | severity |\n|---|---|\n", set)
		for _, name := range slices.Sorted(maps.Keys(severities[set])) {
			slices.Sort(severities[set][name])
			fmt.Fprintf(&out, "| [%[1]s](%[1]s.md) | %s |\n", name, strings.Join(slices.Compact(severities[set][name]), ", "))
		}
	}
	return out.String()
}
