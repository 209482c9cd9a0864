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
		"./infra/...":               {"fleetman/services", "fleetman/components/recorder"},
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
