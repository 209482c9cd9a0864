package grafana

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// largest is what a dashboard may be: a ConfigMap's data are at most 1 MiB, its names included.
const largest = 1<<20 - 1<<10

// A file name that is also a ConfigMap's key and a part of a resource's name.
var dashboardFile = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?\.json$`)

// builtIn are the data sources that Grafana has by itself, by the UIDs that dashboards call them.
var builtIn = []string{"-- Grafana --", "-- Mixed --", "-- Dashboard --", "grafana", "__expr__"}

// dashboardProblems are everything that is wrong with the dashboards, file by file.
func dashboardProblems(dashboards map[string]string, sources map[string]bool) []error {
	var errs []error
	owner := map[string]string{}
	for _, file := range slices.Sorted(maps.Keys(dashboards)) {
		refuse := func(wrong bool, format string, values ...any) {
			if wrong {
				errs = append(errs, fmt.Errorf("the Dashboard %q: %w", file, fmt.Errorf(format, values...)))
			}
		}
		content := dashboards[file]
		refuse(!dashboardFile.MatchString(file), "want a file name of small letters, digits and -, ending in .json")
		refuse(len(content) > largest, "its %d bytes don't fit into a ConfigMap", len(content))
		var dashboard map[string]any
		if err := json.Unmarshal([]byte(content), &dashboard); err != nil {
			refuse(true, "no JSON object: %w", err)
			continue
		}
		title, _ := dashboard["title"].(string)
		refuse(title == "", "the title is missing")
		id, _ := dashboard["uid"].(string)
		refuse(!uid.MatchString(id), "the uid %q is none: want up to 40 letters, digits, _ and -", id)
		other, taken := owner[id]
		refuse(taken && id != "", "the uid %q is that of %q", id, other)
		owner[id] = file
		for _, asked := range slices.Sorted(maps.Keys(asks(dashboard))) {
			refuse(!sources[asked] && !slices.Contains(builtIn, asked) && !strings.HasPrefix(asked, "$"), "it asks the data source %q, which there isn't", asked)
		}
	}
	return errs
}

// asks are the UIDs of the data sources that anything in a dashboard refers to: its panels, their targets, variables, annotations.
// A variable of the dashboard, which starts with $, is its own to fill.
func asks(value any) map[string]bool {
	found := map[string]bool{}
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, inner := range value {
				if key != "datasource" {
					walk(inner)
					continue
				}
				switch source := inner.(type) {
				case string: // before version 8.3 a data source was called by its name
					found[source] = true
				case map[string]any:
					if id, ok := source["uid"].(string); ok {
						found[id] = true
					}
				}
			}
		case []any:
			for _, inner := range value {
				walk(inner)
			}
		}
	}
	walk(value)
	return found
}
