package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// prod is a stack that keeps to all rules.
var prod = filepath.Join("..", "..", "testdata", "prod.json")

func TestViolationsArePrintedAndCounted(t *testing.T) {
	for golden, test := range map[string]struct {
		args []string
		want int
	}{
		"kept":    {[]string{prod}, kept},
		"unknown": {[]string{"-unknown", prod}, kept},
		"broken":  {[]string{prod, filepath.Join("testdata", "dev.json")}, broken},
	} {
		t.Run(golden, func(t *testing.T) {
			var out, problems bytes.Buffer
			if got := run(test.args, &out, &problems); got != test.want || problems.Len() != 0 {
				t.Errorf("ends with %d, want %d: %s", got, test.want, &problems)
			}
			file := filepath.Join("testdata", golden+".golden.txt")
			if *update {
				if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s", &out, want)
			}
		})
	}
}

func TestWhatCantBeJudgedIsAnErrorAndNoVerdict(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.json")
	if err := os.WriteFile(empty, []byte(`{"steps":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no file":         {nil, "usage: policy"},
		"no such flag":    {[]string{"-fix", prod}, "usage: policy"},
		"missing":         {[]string{prod, "missing.json"}, "missing.json"},
		"no JSON":         {[]string{"main.go"}, "main.go: read preview"},
		"no resources":    {[]string{prod, empty}, "has no resources"},
		"a folder":        {[]string{"testdata"}, "testdata"},
		"a golden file's": {[]string{filepath.Join("testdata", "kept.golden.txt")}, "read preview"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, problems bytes.Buffer
			if got := run(test.args, &out, &problems); got != unreadable {
				t.Errorf("ends with %d, want %d", got, unreadable)
			}
			if !strings.Contains(problems.String(), test.want) {
				t.Errorf("says %q and not %q", &problems, test.want)
			}
			if out.Len() != 0 {
				t.Errorf("a verdict: %s", &out)
			}
		})
	}
}
