package dashboards

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/monitoring/grafana"
)

var update = flag.Bool("update", false, "write the files in testdata anew")

var everything = Parts{Ingress: true, Logging: true, Etcd: true}

// What the tests read of a dashboard, from its JSON.
type (
	page struct {
		UID           string
		Title         string
		Description   string
		Tags          []string
		SchemaVersion int
		Editable      *bool
		Timezone      string
		Refresh       string
		Annotations   struct {
			List []struct {
				DataSource dataSource
				Enable     bool
				Target     struct{ Expr string }
			}
		}
		Templating struct{ List []chosen }
		Panels     []shown
	}
	chosen struct {
		Name, Type string
		DataSource *dataSource
		Query      any
	}
	shown struct {
		ID                       int
		Type, Title, Description string
		GridPos                  gridPos
		DataSource               *dataSource
		Targets                  []asked
		FieldConfig              struct{ Defaults struct{ Unit string } }
	}
	asked struct {
		RefID, Expr, Query string
		Instant, Range     bool
		DataSource         dataSource
	}
)

func render(t *testing.T, parts Parts) map[string]string {
	t.Helper()
	files, err := Files(parts)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// pages are the dashboards of parts, read from their JSON, by file.
func pages(t *testing.T, parts Parts) map[string]page {
	t.Helper()
	pages := map[string]page{}
	for file, content := range render(t, parts) {
		var p page
		if err := json.Unmarshal([]byte(content), &p); err != nil {
			t.Fatalf("%s is no JSON: %v", file, err)
		}
		pages[file] = p
	}
	return pages
}

func TestEveryDashboardIsWhatItsFileHas(t *testing.T) {
	kept := map[string]bool{}
	for file, content := range render(t, everything) {
		golden := filepath.Join("testdata", strings.TrimSuffix(file, ".json")+".golden.json")
		kept[golden] = true
		if *update {
			if err := os.WriteFile(golden, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if content != string(want) {
			t.Errorf("%s isn't what %s has; see what -update changes in it", file, golden)
		}
	}
	there, err := filepath.Glob(filepath.Join("testdata", "*.golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, golden := range there {
		if !kept[golden] {
			t.Errorf("%s is of no dashboard", golden)
		}
	}
}

func TestTheSameDashboardIsTheSameText(t *testing.T) {
	first := render(t, everything)
	for range 5 {
		if !maps.Equal(first, render(t, everything)) {
			t.Fatal("a dashboard differs from one rendering to the next, which would roll Grafana's pod")
		}
	}
}

func TestUIDsStayAsTheyAre(t *testing.T) {
	// People keep links to these.
	want := []string{
		"fleetman-broker", "fleetman-control-plane", "fleetman-database", "fleetman-fleet", "fleetman-ingress", "fleetman-logs",
		"fleetman-monitoring", "fleetman-nodes", "fleetman-services", "fleetman-workloads",
	}
	var got []string
	for _, p := range pages(t, everything) {
		got = append(got, p.UID)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the UIDs are %v, want %v", got, want)
	}
}

func TestEveryDashboardIsReadOnlyAndShowsWhatFires(t *testing.T) {
	for file, p := range pages(t, everything) {
		switch {
		case p.Editable == nil || *p.Editable:
			t.Errorf("%s can be edited", file)
		case p.SchemaVersion != 42 || p.Timezone != "browser" || !slices.Equal(p.Tags, []string{"fleetman"}):
			t.Errorf("%s has the schema's version %d, time zone %q and tags %v", file, p.SchemaVersion, p.Timezone, p.Tags)
		case p.Refresh != "10s" && p.Refresh != "30s":
			t.Errorf("%s asks again every %q", file, p.Refresh)
		case p.Title == "" || !strings.HasSuffix(p.Description, "."):
			t.Errorf("%s doesn't say what it is: %q, %q", file, p.Title, p.Description)
		case len(p.Annotations.List) != 1:
			t.Errorf("%s has %d annotations, want the alerts alone", file, len(p.Annotations.List))
		}
		for _, a := range p.Annotations.List {
			if !a.Enable || a.DataSource != prometheus || !strings.Contains(a.Target.Expr, `ALERTS{alertstate="firing"`) {
				t.Errorf("%s draws %+v, not the alerts", file, a)
			}
		}
	}
}

func TestGrafanaTakesThem(t *testing.T) {
	for _, parts := range []Parts{{}, everything} {
		args := grafana.GrafanaArgs{
			Namespace: pulumi.String("fleetman-monitoring"), AdminPassword: pulumi.String("p"), Home: Home, Dashboards: render(t, parts),
			DataSources: []grafana.DataSource{{Name: "Prometheus", UID: "prometheus", Type: grafana.Prometheus, URL: pulumi.String("http://p")}},
		}
		if parts.Logging {
			args.DataSources = append(args.DataSources, grafana.DataSource{
				Name: "Elasticsearch", UID: "elasticsearch", Type: grafana.Elasticsearch, URL: pulumi.String("http://e"), Index: "fleetman-logs",
			})
		}
		if err := args.Validate(); err != nil {
			t.Errorf("with %+v: %v", parts, err)
		}
	}
}

func TestPartsDecideWhatIsShown(t *testing.T) {
	always := []string{
		"broker.json", "control-plane.json", "database.json", "fleet.json", "monitoring.json", "nodes.json", "services.json", "workloads.json",
	}
	for name, test := range map[string]struct {
		parts Parts
		more  []string
	}{
		"nothing more":   {Parts{}, nil},
		"ingress":        {Parts{Ingress: true}, []string{"ingress.json"}},
		"logging":        {Parts{Logging: true}, []string{"logs.json"}},
		"etcd":           {Parts{Etcd: true}, nil},
		"all of the lot": {everything, []string{"ingress.json", "logs.json"}},
	} {
		t.Run(name, func(t *testing.T) {
			want := slices.Sorted(slices.Values(slices.Concat(always, test.more)))
			files := render(t, test.parts)
			if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
				t.Errorf("there are %v, want %v", got, want)
			}
			for file, content := range files {
				if strings.Contains(content, `"elasticsearch"`) && file != "logs.json" {
					t.Errorf("%s asks Elasticsearch", file)
				}
			}
			jobs := map[string]bool{}
			for _, q := range Queries(test.parts) {
				for _, job := range q.Needs {
					jobs[job] = true
				}
			}
			if jobs["etcd"] != test.parts.Etcd || jobs["nginx-ingress"] != test.parts.Ingress || jobs["fluentd"] != test.parts.Logging {
				t.Errorf("the jobs that are needed are %v", slices.Sorted(maps.Keys(jobs)))
			}
		})
	}
}

func TestPanelsFillTheGridAndNoneLiesOnAnother(t *testing.T) {
	for file, p := range pages(t, everything) {
		at := map[[2]int]string{}
		ids := map[int]bool{}
		height := 0
		for _, panel := range p.Panels {
			place := panel.GridPos
			if place.X < 0 || place.Y < 0 || place.W < 1 || place.H < 1 || place.X+place.W > 24 {
				t.Errorf("%s: %q stands at %+v", file, panel.Title, place)
			}
			if ids[panel.ID] {
				t.Errorf("%s: %q has another's number %d", file, panel.Title, panel.ID)
			}
			ids[panel.ID] = true
			for x := place.X; x < place.X+place.W; x++ {
				for y := place.Y; y < place.Y+place.H; y++ {
					if other, taken := at[[2]int{x, y}]; taken {
						t.Fatalf("%s: %q lies on %q", file, panel.Title, other)
					}
					at[[2]int{x, y}] = panel.Title
				}
			}
			height = max(height, place.Y+place.H)
		}
		if len(at) != 24*height {
			t.Errorf("%s: there are holes in its %d lines: %d of %d places are taken", file, height, len(at), 24*height)
		}
	}
}

func TestEveryPanelSaysWhatItShows(t *testing.T) {
	for file, p := range pages(t, everything) {
		if first := p.Panels[0]; first.Type != "row" || first.Title != "Is it fine?" {
			t.Errorf("%s begins with %q", file, first.Title)
		}
		row, titles := "", map[string]bool{}
		for _, panel := range p.Panels {
			if panel.Type == "row" {
				row = panel.Title
				continue
			}
			name := fmt.Sprintf("%s: %s: %q", file, row, panel.Title)
			about, _, _ := strings.Cut(panel.Description+" ", "Alert: ")
			about = strings.TrimSpace(about)
			switch {
			case panel.Title == "" || titles[row+"/"+panel.Title]:
				t.Errorf("%s is no title of its own", name)
			case panel.Type != "logs" && panel.FieldConfig.Defaults.Unit == "":
				t.Errorf("%s has no unit", name)
			case len(about) < 15 || !strings.HasSuffix(about, ".") || strings.Contains(about, "\n"):
				t.Errorf("%s is described as %q", name, about)
			case len(panel.Targets) == 0 || panel.DataSource == nil:
				t.Errorf("%s asks nothing", name)
			}
			titles[row+"/"+panel.Title] = true
			for _, target := range panel.Targets {
				if target.DataSource != *panel.DataSource {
					t.Errorf("%s asks %v and %v", name, target.DataSource, *panel.DataSource)
				}
				// The last number of a range outlives its metric.
				if target.Expr != "" && (target.Range != (panel.Type == "timeseries") || target.Instant == target.Range) {
					t.Errorf("%s asks %s of a range, or of now for a graph", name, target.Expr)
				}
			}
		}
	}
}

var variableIn = regexp.MustCompile(`\$(?:(\w+)|\{(\w+)(?::\w+)?\})`)

func TestEveryVariableIsDeclaredAndUsed(t *testing.T) {
	for file, p := range pages(t, everything) {
		declared, used := map[string]bool{}, map[string]bool{}
		find := func(where, text string) {
			for _, match := range variableIn.FindAllStringSubmatch(text, -1) {
				name := match[1] + match[2]
				if strings.HasPrefix(name, "__") {
					continue
				}
				if !declared[name] {
					t.Errorf("%s: %s uses $%s, which it doesn't have, or only later", file, where, name)
				}
				used[name] = true
			}
		}
		for _, v := range p.Templating.List {
			find("the variable "+v.Name, fmt.Sprint(v.Query))
			declared[v.Name] = true
		}
		for _, panel := range p.Panels {
			for _, target := range panel.Targets {
				find(panel.Title, target.Expr+" "+target.Query)
			}
		}
		for name := range declared {
			if !used[name] {
				t.Errorf("%s: nothing uses $%s", file, name)
			}
		}
	}
}

var fieldIn = regexp.MustCompile(`([a-z_]+(?:\.[a-z_]+)*):`)

func TestLogsAreAskedForByFieldsThatAreIndexed(t *testing.T) {
	content, err := os.ReadFile("../../logging/elasticsearch/conf/template.json")
	if err != nil {
		t.Fatal(err)
	}
	type properties map[string]struct {
		Type       string
		Properties properties
	}
	var index struct {
		Template struct {
			Mappings struct{ Properties properties }
		}
	}
	if err := json.Unmarshal(content, &index); err != nil {
		t.Fatal(err)
	}
	kind := func(field string) string {
		of := index.Template.Mappings.Properties
		for name := range strings.SplitSeq(field, ".") {
			if of[name].Type != "" {
				return of[name].Type // all that is below a flattened object is indexed
			}
			of = of[name].Properties
		}
		return ""
	}
	var asked []string
	ask := func(query string) {
		for _, match := range fieldIn.FindAllStringSubmatch(strings.ReplaceAll(query, ":raw}", "}"), -1) {
			asked = append(asked, match[1])
		}
	}
	for _, v := range logging().variables {
		asked = append(asked, v.field)
		ask(v.where)
		for i := 1; i < len(v.choices); i += 2 {
			ask(v.choices[i])
		}
	}
	for _, r := range logging().rows {
		for _, p := range r.panels {
			for _, q := range p.queries {
				asked = append(asked, q.count)
				ask(q.logs)
			}
		}
	}
	asked = slices.DeleteFunc(asked, func(field string) bool { return field == "" })
	if len(asked) < 10 {
		t.Errorf("only %v are asked for", asked)
	}
	for _, field := range asked {
		if is := kind(field); is != "keyword" && is != "flattened" {
			t.Errorf("%s is %q in the index, of which there are no values to choose from or to count", field, is)
		}
	}
	if kind(timeField) != "date_nanos" && kind(timeField) != "date" {
		t.Errorf("%s is %q in the index", timeField, kind(timeField))
	}
}

func TestQueriesAreAllThatIsAskedWithNothingLeftToFill(t *testing.T) {
	left := map[string]int{}
	for _, q := range Queries(everything) {
		if strings.Contains(q.Expr, "$") {
			t.Errorf("%s: %s: something is left to fill in %s", q.Dashboard, q.Panel, q.Expr)
		}
		left[q.Dashboard+".json/"+q.Panel]++
	}
	for file, p := range pages(t, everything) {
		left[file+"/"+alertsName]--
		for _, v := range p.Templating.List {
			if v.DataSource != nil && *v.DataSource == prometheus {
				left[file+"/"+v.Name]--
			}
		}
		for _, panel := range p.Panels {
			for _, target := range panel.Targets {
				if target.Expr != "" {
					left[file+"/"+panel.Title]--
				}
			}
		}
	}
	for where, count := range left {
		if count != 0 {
			t.Errorf("%s: Queries has %d more than the JSON", where, count)
		}
	}
}

func TestThresholdsBecomeStepsInOrder(t *testing.T) {
	for name, test := range map[string]struct {
		thresholds thresholds
		want       string
	}{
		"none":              {thresholds{}, `green:null`},
		"above":             {above(warning(1), critical(2)), `green:null orange:1 red:2`},
		"above, critical":   {above(critical(2)), `green:null red:2`},
		"above, to look at": {above(info(0.25)), `green:null blue:0.25`},
		"below":             {below(warning(20), critical(5)), `red:null orange:5 green:20`},
		"below, warning":    {below(warning(1)), `orange:null green:1`},
		"below, critical":   {below(critical(1)), `red:null green:1`},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, step := range test.thresholds.json().Steps {
				value := "null"
				if step.Value != nil {
					value = fmt.Sprint(*step.Value)
				}
				got = append(got, step.Color+":"+value)
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("the steps are %v, want %s", got, test.want)
			}
		})
	}
}
