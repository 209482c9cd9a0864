package catalogue

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

//go:embed jobs/*.txt
var files embed.FS

// Jobs are the names of the metrics that each scrape job exports, by job, sorted.
func Jobs() map[string][]string {
	jobs := map[string][]string{}
	for job, content := range lists() {
		for line := range strings.Lines(content) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				jobs[job] = append(jobs[job], line)
			}
		}
	}
	return jobs
}

// Exported has the name of every metric that some job exports.
func Exported() map[string]bool {
	exported := map[string]bool{}
	for _, names := range Jobs() {
		for _, name := range names {
			exported[name] = true
		}
	}
	return exported
}

// lists are the embedded files by job.
func lists() map[string]string {
	entries, err := files.ReadDir("jobs")
	if err != nil {
		panic(fmt.Sprintf("read the embedded lists: %v", err)) // the program was built wrong
	}
	lists := map[string]string{}
	for _, entry := range entries {
		content, err := files.ReadFile(path.Join("jobs", entry.Name()))
		if err != nil {
			panic(fmt.Sprintf("read the embedded list %s: %v", entry.Name(), err))
		}
		lists[strings.TrimSuffix(entry.Name(), ".txt")] = string(content)
	}
	return lists
}

// Metrics lists the names of the metrics that a query of PromQL selects, sorted, each once: those of scrapes and those of recording
// rules. A selector that doesn't name its metric is an error.
func Metrics(query string) ([]string, error) {
	expression, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return nil, fmt.Errorf("parse query: %w", err)
	}
	var names []string
	var errs []error
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			name, err := metric(selector)
			if err != nil {
				errs = append(errs, err)
			} else {
				names = append(names, name)
			}
		}
		return nil
	})
	slices.Sort(names)
	return slices.Compact(names), errors.Join(errs...)
}

// metric is the name of the one metric that a selector is of. The parser has made a matcher of a name before the braces too.
func metric(selector *parser.VectorSelector) (string, error) {
	var names []string
	for _, matcher := range selector.LabelMatchers {
		if matcher.Name != "__name__" {
			continue
		}
		if matcher.Type != labels.MatchEqual {
			return "", fmt.Errorf("%s selects by a pattern of names", selector)
		}
		names = append(names, matcher.Value)
	}
	if len(names) != 1 {
		return "", fmt.Errorf("%s doesn't name one metric", selector)
	}
	return names[0], nil
}
