package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// program writes a Go program and returns the request that runs it.
func program(t *testing.T, main string) *pulumirpc.RunRequest {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module program\n\ngo 1.26\n", "main.go": main} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PULUMI_HOME", t.TempDir())
	return &pulumirpc.RunRequest{
		Project: "fleetman", Stack: "dev", Organization: "organization", Pwd: dir, DryRun: true, Parallel: 4,
		MonitorAddress: "monitor:1", Config: map[string]string{"fleetman:a": "b"}, ConfigSecretKeys: []string{"fleetman:a"},
		Info: &pulumirpc.ProgramInfo{RootDirectory: dir, ProgramDirectory: dir, EntryPoint: "."},
	}
}

func run(t *testing.T, req *pulumirpc.RunRequest) *pulumirpc.RunResponse {
	t.Helper()
	resp, err := (&host{ctx: t.Context(), engine: "engine:1"}).Run(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestTheProgramLearnsAboutItsRun(t *testing.T) {
	req := program(t, `package main

import ("os"; "strings")

func main() {
	var lines []string
	for _, line := range os.Environ() {
		if strings.HasPrefix(line, "PULUMI_") { lines = append(lines, line) }
	}
	if err := os.WriteFile("environment", []byte(strings.Join(lines, "\n")), 0o600); err != nil { panic(err) }
}
`)
	if resp := run(t, req); resp.GetError() != "" || resp.GetBail() {
		t.Fatalf("response = %v", resp)
	}
	seen, err := os.ReadFile(filepath.Join(req.GetPwd(), "environment"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"PULUMI_PROJECT=fleetman", "PULUMI_STACK=dev", "PULUMI_ORGANIZATION=organization", "PULUMI_DRY_RUN=true",
		"PULUMI_PARALLEL=4", "PULUMI_MONITOR=monitor:1", "PULUMI_ENGINE=engine:1", "PULUMI_ROOT_DIRECTORY=" + req.GetPwd(),
		`PULUMI_CONFIG={"fleetman:a":"b"}`, `PULUMI_CONFIG_SECRET_KEYS=["fleetman:a"]`,
	} {
		if !strings.Contains("\n"+string(seen)+"\n", "\n"+want+"\n") {
			t.Errorf("%s is missing from\n%s", want, seen)
		}
	}
}

func TestAProgramThatFails(t *testing.T) {
	for title, tc := range map[string]struct {
		main string
		bail bool
		want string
	}{
		"does not compile":                  {"package main\n\nfunc main() { missing() }\n", false, "undefined: missing"},
		"exits with an error of its own":    {"package main\n\nimport \"os\"\n\nfunc main() { os.Exit(3) }\n", false, "exit status 3"},
		"has told the engine what is wrong": {"package main\n\nimport \"os\"\n\nfunc main() { os.Exit(32) }\n", true, ""},
	} {
		t.Run(title, func(t *testing.T) {
			resp := run(t, program(t, tc.main))
			if resp.GetBail() != tc.bail || !strings.Contains(resp.GetError(), tc.want) || (resp.GetError() == "") != (tc.want == "") {
				t.Errorf("bail = %v, error = %q; want %v, %q", resp.GetBail(), resp.GetError(), tc.bail, tc.want)
			}
		})
	}
}

func TestCancelStopsTheProgram(t *testing.T) {
	h := &host{engine: "engine:1"}
	h.ctx, h.stop = context.WithCancel(t.Context())
	req := program(t, "package main\n\nimport (\"os\"; \"time\")\n\nfunc main() { _ = os.WriteFile(\"started\", nil, 0o600); time.Sleep(time.Hour) }\n")
	done := make(chan *pulumirpc.RunResponse)
	go func() {
		resp, _ := h.Run(t.Context(), req)
		done <- resp
	}()
	for started := false; !started; {
		_, err := os.Stat(filepath.Join(req.GetPwd(), "started"))
		started = err == nil
	}
	if _, err := h.Cancel(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if resp := <-done; resp.GetError() == "" {
		t.Error("the program ended well")
	}
}

func TestAnUnknownRuntimeOptionIsRefused(t *testing.T) {
	req := program(t, "package main\n\nfunc main() {}\n")
	req.Info.Options = &structpb.Struct{Fields: map[string]*structpb.Value{"buildTarget": structpb.NewStringValue("x")}}
	if resp := run(t, req); !strings.Contains(resp.GetError(), "buildTarget is not supported") {
		t.Errorf("error = %q", resp.GetError())
	}
}
