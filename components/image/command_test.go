package image

import (
	"context"
	"strings"
	"testing"
)

func TestACommandAnswersWithItsOutputAndOnlyAFailedOneWithItsComplaints(t *testing.T) {
	output, err := Exec(context.Background(), t.TempDir(), []string{"WORD=said"}, "sh", "-c", `echo "$WORD"; echo hint >&2`)
	if err != nil || string(output) != "said\n" {
		t.Errorf("answered %q, %v", output, err)
	}
	output, err = Exec(context.Background(), "", nil, "sh", "-c", `echo half; echo wrong >&2; exit 3`)
	if err == nil || !strings.Contains(string(output), "half") || !strings.Contains(string(output), "wrong") {
		t.Errorf("answered %q, %v", output, err)
	}
}
