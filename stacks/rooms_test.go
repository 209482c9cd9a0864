package stacks

import (
	"os/exec"
	"strings"
	"testing"
)

// TestEveryRoomKnowsOnlyWhomItMay holds the table of docs/architecture.md.
func TestEveryRoomKnowsOnlyWhomItMay(t *testing.T) {
	for room, strangers := range map[string][]string{
		"./services/...":            {"github.com/pulumi/", "fleetman/components", "fleetman/stacks", "fleetman/infra"},
		"./components/...":          {"fleetman/services", "fleetman/stacks", "fleetman/infra"},
		"./components/image/...":    {"github.com/pulumi/"},
		"./components/activemq/...": {"fleetman/components/mongodb", "fleetman/components/fleet", "fleetman/components/image"},
		"./components/mongodb/...":  {"fleetman/components/activemq", "fleetman/components/fleet", "fleetman/components/image"},
		"./components/fleet/...":    {"fleetman/components/activemq", "fleetman/components/mongodb", "fleetman/components/image"},
		"./components/monitoring/...": {
			"fleetman/components/activemq", "fleetman/components/mongodb", "fleetman/components/fleet", "fleetman/components/image", "fleetman/components/logging",
		},
		"./components/monitoring/alerts/...":     {"github.com/pulumi/"},
		"./components/monitoring/dashboards/...": {"github.com/pulumi/"},
		"./components/logging/...":               {"fleetman/components/activemq", "fleetman/components/mongodb", "fleetman/components/fleet", "fleetman/components/image", "fleetman/components/monitoring"},
		"./infra/...":                            {"fleetman/services", "fleetman/components/recorder", "fleetman/components/monitoring/catalogue", "github.com/prometheus/prometheus"},
	} {
		list := exec.Command("go", "list", "-deps", room)
		list.Dir = ".."
		output, err := list.CombinedOutput()
		if err != nil {
			t.Fatalf("go list %s: %v\n%s", room, err, output)
		}
		for known := range strings.Lines(string(output)) {
			for _, stranger := range strangers {
				if strings.HasPrefix(known, stranger) {
					t.Errorf("%s knows %s", room, strings.TrimSpace(known))
				}
			}
		}
	}
}
