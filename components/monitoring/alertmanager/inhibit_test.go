package alertmanager

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"fleetman/components/monitoring/alerts"
)

// A name that no alert has silences nothing, and nobody would notice.
func TestEveryCauseAndEveryEffectIsAnAlert(t *testing.T) {
	files, err := alerts.Files(alerts.Fleet, alerts.Queue, alerts.Database, alerts.Kubernetes, alerts.Nodes, alerts.Monitoring, alerts.Logging)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, content := range files {
		for _, match := range regexp.MustCompile(`(?m)^ +- alert: (\S+)$`).FindAllStringSubmatch(content, -1) {
			names = append(names, match[1])
		}
	}
	matcher := regexp.MustCompile(`^alertname=~?"(.+)"$`)
	for _, inhibition := range inhibitions {
		for _, matchers := range [][]string{inhibition.Sources, inhibition.Targets} {
			named := matcher.FindStringSubmatch(matchers[0])
			if named == nil {
				continue // of a severity
			}
			for each := range strings.SplitSeq(named[1], "|") {
				if whole := regexp.MustCompile("^(?:" + each + ")$"); !slices.ContainsFunc(names, whole.MatchString) {
					t.Errorf("no alert is called %s", each)
				}
			}
		}
	}
}
