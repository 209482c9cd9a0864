//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTheDevStackFromNothingToNothing is one story; each step stands on the one before.
func TestTheDevStackFromNothingToNothing(t *testing.T) {
	s := newStory(t)
	s.step("the cluster starts", func(t *testing.T) { s.lab(t, "remove"); s.lab(t, "start") })
	s.step("the API server accepts every object of prod", s.prodAccepted)
	s.step("an unreachable cluster is an error within ten seconds that names what to run", s.unreachable)
	s.step("unknown, missing and bad settings are reported together", s.badSettings)
	s.step("a preview shows only creations and loads no image", s.firstPreview)
	s.step("up brings the fleet up", func(t *testing.T) { s.pulumi(t, "up", "--yes", "--skip-preview") })
	s.step("every pod becomes ready", s.podsReady)
	s.step("positions move", s.positionsMove)
	s.step("the page, the roads, a history and the stream are served", s.served)
	s.step("the broker refuses a wrong password and takes the right one", s.login)
	s.step("what it all takes is counted", s.consumption)
	s.step("nothing is left to change", func(t *testing.T) { s.pulumi(t, "preview", "--expect-no-changes") })
	s.step("a node that was killed comes back with its data", s.killed)
	s.step("a changed service rolls exactly its own Deployment", s.changedService)
	s.step("a changed setting rolls exactly its own Deployment by a new ConfigMap", s.changedSetting)
	s.step("metrics-server measures the pods", func(t *testing.T) {
		eventually(t, time.Minute, "kubectl top", func() bool {
			return s.command("kubectl", "top", "pods", "--namespace", "fleetman").Run() == nil
		})
		t.Logf("\n%s", s.run(t, "kubectl", "top", "pods", "--namespace", "fleetman"))
	})
	s.step("refresh finds no drift", func(t *testing.T) { s.pulumi(t, "refresh", "--yes", "--expect-no-changes") })
	s.step("a protected stack refuses to be destroyed, says what is protected, and loses nothing", s.protected)
	s.step("destroy leaves nothing in the cluster", s.destroy)
	s.step("the work tree is as it was", s.clean)
	s.step("removing the node leaves nothing on the machine", s.removed)
}

type story struct {
	t          *testing.T
	state      string // FLEETMAN_STATE
	node       string // FLEETMAN_NODE
	repository string // the user's work tree
	dir        string // its copy, in which everything runs
	before     string // git status of the work tree when the test began
	broken     bool
}

func newStory(t *testing.T) *story {
	t.Helper()
	s := &story{t: t, state: os.Getenv("FLEETMAN_STATE"), node: os.Getenv("FLEETMAN_NODE"), repository: os.Getenv("FLEETMAN_REPOSITORY"), dir: t.TempDir()}
	if s.state == "" || s.node == "" || s.repository == "" {
		t.Fatal("run this by make e2e")
	}
	s.before = s.gitStatus(t)
	files := output(t, s.repository, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	for f := range strings.SplitSeq(strings.TrimRight(files, "\x00"), "\x00") {
		copyFile(t, filepath.Join(s.repository, f), filepath.Join(s.dir, f))
	}
	page := "services/webapp/ui/dist"
	if err := os.CopyFS(filepath.Join(s.dir, page), os.DirFS(filepath.Join(s.repository, page))); err != nil {
		t.Fatal(err)
	}
	// The program reads dev's credentials from the state directory at the root of its own tree.
	if err := os.Symlink(s.state, filepath.Join(s.dir, ".fleetman")); err != nil {
		t.Fatal(err)
	}
	if out, err := os.ReadFile(filepath.Join(s.state, "credentials.json")); err != nil || len(out) == 0 {
		t.Fatalf("dev's credentials: %v", err)
	}
	backend := t.TempDir()
	t.Setenv("PULUMI_BACKEND_URL", "file://"+backend)
	t.Setenv("PULUMI_STACK", "dev")
	s.run(t, "pulumi", "stack", "init", "dev")
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		for _, args := range [][]string{
			{"get", "pods,pvc,deployments,statefulsets", "-A", "-o", "wide"},
			{"-n", "fleetman", "get", "events", "--sort-by=.lastTimestamp"},
			{"-n", "fleetman", "logs", "--prefix", "--tail=20", "--all-containers", "-l", "app.kubernetes.io/part-of=fleetman"},
		} {
			out, _ := s.command("kubectl", args...).CombinedOutput()
			t.Logf("kubectl %s:\n%s", strings.Join(args, " "), out)
		}
		out, _ := s.command(filepath.Join(s.state, "lab"), "-node", s.node, "remove").CombinedOutput()
		t.Logf("the node is removed: %s", out)
	})
	return s
}

// step runs one step as a subtest; after a failure the rest would only repeat it.
func (s *story) step(name string, f func(*testing.T)) {
	if s.broken {
		s.t.Logf("not tried: %s", name)
		return
	}
	s.broken = !s.t.Run(name, f)
}

func (s *story) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = s.dir
	return c
}

func (s *story) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := s.command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (s *story) lab(t *testing.T, args ...string) {
	t.Helper()
	s.run(t, filepath.Join(s.state, "lab"), append([]string{"-node", s.node}, args...)...)
}

// pulumi runs a Pulumi command on the stack dev and says how long it took.
func (s *story) pulumi(t *testing.T, args ...string) {
	t.Helper()
	began := time.Now()
	s.run(t, "pulumi", append(args, "--stack", "dev", "--non-interactive", "--color", "never")...)
	t.Logf("pulumi %s took %s", strings.Join(args, " "), time.Since(began).Round(100*time.Millisecond))
}

// plan is what pulumi preview --json says it would do: how many of each operation, and which resources change, by name.
func (s *story) plan(t *testing.T) (map[string]int, []string) {
	t.Helper()
	out, err := s.command("pulumi", "preview", "--stack", "dev", "--non-interactive", "--json").Output()
	if err != nil {
		t.Fatalf("preview: %v\n%s", err, out)
	}
	var digest struct {
		Steps []struct {
			Op  string `json:"op"`
			URN string `json:"urn"`
		} `json:"steps"`
		ChangeSummary map[string]int `json:"changeSummary"`
	}
	if err := json.Unmarshal(out, &digest); err != nil {
		t.Fatalf("read preview: %v\n%s", err, out)
	}
	changes := map[string]bool{}
	for _, step := range digest.Steps {
		if step.Op != "same" {
			changes[step.URN[strings.LastIndex(step.URN, "::")+2:]] = true
		}
	}
	return digest.ChangeSummary, slices.Sorted(maps.Keys(changes))
}

func (s *story) unreachable(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	text := `{"apiVersion":"v1","kind":"Config","current-context":"minikube",
		"clusters":[{"name":"minikube","cluster":{"server":"https://127.0.0.1:1"}}],"users":[{"name":"minikube","user":{}}],
		"contexts":[{"name":"minikube","context":{"cluster":"minikube","user":"minikube"}}]}`
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// The program's first compilation is not the cluster's time: a preview that fails early does it.
	s.command("pulumi", "preview", "--stack", "dev", "--non-interactive").Run() //nolint:errcheck // only compiles
	c := s.command("pulumi", "preview", "--stack", "dev", "--non-interactive", "--color", "never")
	c.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	began := time.Now()
	out, err := c.CombinedOutput()
	took := time.Since(began)
	if err == nil || !strings.Contains(string(out), "make up") || !strings.Contains(string(out), "https://127.0.0.1:1") {
		t.Errorf("want an error that names the server and make up, got %v:\n%s", err, out)
	}
	if took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	t.Logf("said after %s", took.Round(100*time.Millisecond))
}

func (s *story) badSettings(t *testing.T) {
	file := filepath.Join(s.dir, "Pulumi.dev.yaml")
	good := read(t, file)
	t.Cleanup(func() {
		if err := os.WriteFile(file, good, 0o644); err != nil {
			t.Error(err)
		}
	})
	s.run(t, "pulumi", "config", "set", "--stack", "dev", "fleetman:nosuchkey", "1")
	s.run(t, "pulumi", "config", "set", "--stack", "dev", "--path", "fleetman:simulator.vehicles", "--", "-3")
	out, err := s.command("pulumi", "preview", "--stack", "dev", "--non-interactive", "--color", "never").CombinedOutput()
	if err == nil {
		t.Fatalf("bad settings were accepted:\n%s", out)
	}
	for _, want := range []string{"nosuchkey", "vehicles"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the error does not name %s:\n%s", want, out)
		}
	}
}

func (s *story) firstPreview(t *testing.T) {
	summary, _ := s.plan(t)
	if len(summary) != 1 || summary["create"] == 0 {
		t.Errorf("want only creations, got %v", summary)
	}
	if images := s.run(t, "minikube", "image", "ls"); strings.Contains(images, "fleetman/webapp") {
		t.Errorf("preview loaded an image:\n%s", images)
	}
	t.Logf("%v", summary)
}

func (s *story) podsReady(t *testing.T) {
	s.run(t, "kubectl", "--namespace", "fleetman", "wait", "--for=condition=Ready", "pods", "--all", "--timeout=120s")
	t.Logf("\n%s", s.run(t, "kubectl", "--namespace", "fleetman", "get", "deployments,statefulsets,services,pvc"))
}

func (s *story) url(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(s.run(t, "pulumi", "stack", "output", "--stack", "dev", "webappURL"))
}

func (s *story) positionsMove(t *testing.T) {
	places := func() map[string]string {
		body, err := get(s.url(t) + "/api/vehicles/")
		if err != nil {
			return nil
		}
		var vehicles []struct {
			Name           string
			Lat, Longitude float64
		}
		if err := json.Unmarshal(body, &vehicles); err != nil {
			t.Fatalf("read vehicles: %v\n%s", err, body)
		}
		at := map[string]string{}
		for _, v := range vehicles {
			at[v.Name] = fmt.Sprint(v.Lat, v.Longitude)
		}
		return at
	}
	var first map[string]string
	eventually(t, time.Minute, "38 vehicles", func() bool { first = places(); return len(first) == 38 })
	eventually(t, 30*time.Second, "most of them to move", func() bool {
		moved := 0
		for name, place := range places() {
			if first[name] != place {
				moved++
			}
		}
		return moved > 19
	})
}

func (s *story) served(t *testing.T) {
	base := s.url(t)
	for path, want := range map[string]string{"/": "<title>Fleetman", "/roads.geojson": "FeatureCollection", "/api/": "Fleetman API gateway"} {
		body, err := get(base + path)
		if err != nil || !bytes.Contains(body, []byte(want)) {
			t.Errorf("%s: want %q in it, got %v %.200s", path, want, err, body)
		}
	}
	body, err := get(base + "/api/vehicles/")
	if err != nil {
		t.Fatal(err)
	}
	var vehicles []struct{ Name string }
	if err := json.Unmarshal(body, &vehicles); err != nil || len(vehicles) == 0 {
		t.Fatalf("vehicles: %v", err)
	}
	history, err := get(base + "/api/history/" + url.PathEscape(vehicles[0].Name))
	var points []struct{ Lat, Lng float64 }
	if err != nil || json.Unmarshal(history, &points) != nil || len(points) < 2 || points[0].Lat == 0 || points[0].Lng == 0 {
		t.Errorf("history of %s: %v %.200s", vehicles[0].Name, err, history)
	}
	events := map[string]bool{}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/stream", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	for !events["snapshot"] || !events["positions"] {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended after %v: %v", events, err)
		}
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "event:"); ok {
			events[strings.TrimSpace(name)] = true
		}
	}
}

// password is that of the broker's login.
func (s *story) password(t *testing.T) string {
	t.Helper()
	var credentials struct{ ActivemqPassword string }
	if err := json.Unmarshal(read(t, filepath.Join(s.state, "credentials.json")), &credentials); err != nil {
		t.Fatal(err)
	}
	return credentials.ActivemqPassword
}

// forward leads from an address of this machine to a port of a Service, until it is stopped.
func (s *story) forward(t *testing.T, service, port string) (address string, stop func()) {
	t.Helper()
	forward := s.command("kubectl", "--namespace", "fleetman", "port-forward", "service/"+service, ":"+port)
	out, err := forward.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := forward.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() { forward.Process.Kill(); forward.Wait() } //nolint:errcheck // it ends by the kill
	line, err := bufio.NewReader(out).ReadString('\n')
	address, _, _ = strings.Cut(strings.TrimPrefix(line, "Forwarding from "), " ")
	if err != nil {
		stop()
		t.Fatalf("forward: %v %s", err, line)
	}
	return address, stop
}

func (s *story) login(t *testing.T) {
	address, stop := s.forward(t, "fleetman-queue", "61613")
	defer stop()
	for password, want := range map[string]string{"wrong": "ERROR", s.password(t): "CONNECTED"} {
		conn, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		// A frame ends in a zero byte (STOMP 1.2).
		fmt.Fprintf(conn, "CONNECT\naccept-version:1.2\nhost:fleetman\nlogin:fleet\npasscode:%s\n\n\x00", password)
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		answer, err := bufio.NewReader(conn).ReadString('\n')
		if conn.Close(); strings.TrimSpace(answer) != want {
			t.Errorf("want %s, got %q, %v", want, answer, err)
		}
	}
}

// history is how many points that of a vehicle has.
func (s *story) history(t *testing.T) int {
	t.Helper()
	body, err := get(s.url(t) + "/api/vehicles/")
	var vehicles []struct{ Name string }
	if err != nil || json.Unmarshal(body, &vehicles) != nil || len(vehicles) == 0 {
		return 0
	}
	history, err := get(s.url(t) + "/api/history/" + url.PathEscape(vehicles[0].Name))
	var all []json.RawMessage
	if err != nil || json.Unmarshal(history, &all) != nil {
		return 0
	}
	return len(all)
}

func (s *story) killed(t *testing.T) {
	before := s.history(t)
	number, _, _ := strings.Cut(string(read(t, filepath.Join(s.state, "nodes", s.node, "pid"))), " ")
	pid, err := strconv.Atoi(number)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.lab(t, "start")
	eventually(t, 2*time.Minute, "a longer history than before", func() bool {
		after := s.history(t)
		return before > 0 && after > before
	})
	s.podsReady(t)
	s.pulumi(t, "preview", "--expect-no-changes")
}

// processes are the folders in /proc of every process in the node.
func (s *story) processes(t *testing.T) []string {
	t.Helper()
	first, _, _ := strings.Cut(string(read(t, filepath.Join(s.state, "nodes", s.node, "pid"))), " ")
	namespace, err := os.Readlink("/proc/" + first + "/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	all, _ := filepath.Glob("/proc/[0-9]*")
	return slices.DeleteFunc(all, func(p string) bool {
		// The node's own processes share its PID namespace; a pod's have one of their own and are in the node's cgroup.
		ns, err := os.Readlink(p + "/ns/pid")
		cgroups, _ := os.ReadFile(p + "/cgroup")
		return err != nil || ns != namespace && !bytes.Contains(cgroups, []byte("/fleetman-"+s.node+"-"))
	})
}

// used is what a process takes, by its name.
type used struct {
	name   string
	amount int
}

// total adds up, and prints the largest.
func total(t *testing.T, all []used, unit string) int {
	t.Helper()
	slices.SortFunc(all, func(a, b used) int { return b.amount - a.amount })
	sum := 0
	for i, u := range all {
		if sum += u.amount; i < 16 {
			t.Logf("%-24s %7d %s", u.name, u.amount, unit)
		}
	}
	return sum
}

func name(process string) string {
	comm, _ := os.ReadFile(process + "/comm") // it may have ended
	return strings.TrimSpace(string(comm))
}

// consumption adds up the proportional set size of every process in the node, which counts a page that several share once, and the
// time that they have of the processors in half a minute.
func (s *story) consumption(t *testing.T) {
	var memory []used
	for _, p := range s.processes(t) {
		rollup, err := os.ReadFile(p + "/smaps_rollup")
		if err != nil {
			continue // it has ended
		}
		for line := range strings.Lines(string(rollup)) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss:" {
				kb, err := strconv.Atoi(f[1])
				if err != nil {
					t.Fatal(err)
				}
				memory = append(memory, used{name(p), kb})
			}
		}
	}
	mebibytes := total(t, memory, "KiB") / 1024
	t.Logf("%d processes take %d MiB of memory, cluster included", len(memory), mebibytes)
	if mebibytes == 0 || mebibytes > 4<<10 {
		t.Errorf("the dev stack takes %d MiB, want at most 4 GiB", mebibytes)
	}

	const interval = 30 * time.Second
	before := s.ticks(t)
	time.Sleep(interval)
	var processors []used
	for p, after := range s.ticks(t) {
		// A tick is 10 ms (USER_HZ), and 1 ms in a second is a thousandth of a processor.
		processors = append(processors, used{name(p), (after - before[p]) * 10 / int(interval/time.Second)})
	}
	millicores := total(t, processors, "m")
	t.Logf("they take %d thousandths of a processor", millicores)
}

// ticks are how long each process has been on a processor, in user and kernel mode (proc(5), fields 14 and 15 of stat).
func (s *story) ticks(t *testing.T) map[string]int {
	t.Helper()
	ticks := map[string]int{}
	for _, p := range s.processes(t) {
		stat, err := os.ReadFile(p + "/stat")
		if err != nil {
			continue // it has ended
		}
		// The name, which may hold spaces, ends in the last parenthesis, and is field 2.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		user, errUser := strconv.Atoi(fields[11])
		kernel, errKernel := strconv.Atoi(fields[12])
		if err := errors.Join(errUser, errKernel); err != nil {
			t.Fatal(err)
		}
		ticks[p] = user + kernel
	}
	return ticks
}

// templates are the pod templates' generations: a Deployment that rolls has a new one.
func (s *story) templates(t *testing.T) map[string]string {
	t.Helper()
	out := s.run(t, "kubectl", "--namespace", "fleetman", "get", "replicasets", "-o",
		`jsonpath={range .items[*]}{.metadata.ownerReferences[0].name} {.metadata.name} {.spec.replicas}{"\n"}{end}`)
	current := map[string]string{}
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) == 3 && f[2] != "0" {
			current[f[0]] = f[1]
		}
	}
	return current
}

// rolled are the Deployments whose pods are others than before.
func rolled(before, after map[string]string) []string {
	var names []string
	for name, set := range after {
		if before[name] != set {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (s *story) changedService(t *testing.T) {
	const word = "Fleetman API gateway"
	changed := 0
	err := filepath.WalkDir(filepath.Join(s.dir, "services/internal/gateway"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(text, []byte(word)) {
			return err
		}
		changed++
		return os.WriteFile(path, bytes.ReplaceAll(text, []byte(word), []byte(word+", changed")), 0o644)
	})
	if err != nil || changed == 0 {
		t.Fatalf("no source of the gateway says %q: %v", word, err)
	}
	before := s.templates(t)
	summary, names := s.plan(t)
	t.Logf("preview: %v %v", summary, names)
	if summary["update"] == 0 || summary["create"]+summary["delete"]+summary["replace"] != 0 {
		t.Errorf("want updates only, got %v", summary)
	}
	if images := s.run(t, "minikube", "image", "ls"); strings.Count(images, "fleetman/api-gateway:") != 1 {
		t.Errorf("preview loaded the changed image:\n%s", images)
	}
	s.pulumi(t, "up", "--yes", "--skip-preview")
	if got := rolled(before, s.templates(t)); !slices.Equal(got, []string{"fleetman-api-gateway"}) {
		t.Errorf("these Deployments rolled: %v", got)
	}
	eventually(t, 30*time.Second, "the changed text", func() bool {
		body, err := get(s.url(t) + "/api/")
		return err == nil && bytes.Contains(body, []byte(word+", changed"))
	})
}

func (s *story) changedSetting(t *testing.T) {
	before := s.templates(t)
	s.run(t, "pulumi", "config", "set", "--stack", "dev", "--path", "fleetman:simulator.vehicles", "12")
	summary, names := s.plan(t)
	t.Logf("preview: %v %v", summary, names)
	s.pulumi(t, "up", "--yes", "--skip-preview")
	if got := rolled(before, s.templates(t)); !slices.Equal(got, []string{"fleetman-position-simulator"}) {
		t.Errorf("these Deployments rolled: %v", got)
	}
	s.pulumi(t, "preview", "--expect-no-changes")
}

// protected puts on the stack the protection that prod has, and takes it off again as docs/production.md says.
func (s *story) protected(t *testing.T) {
	protect := func(on string) {
		s.run(t, "pulumi", "config", "set", "--stack", "dev", "fleetman:protect", on)
		s.pulumi(t, "up", "--yes", "--skip-preview")
	}
	objects := func() string {
		return s.run(t, "kubectl", "get", "--namespace", "fleetman", "deployments,statefulsets,services,configmaps,secrets,persistentvolumeclaims", "-o", "name")
	}
	before := objects()
	protect("true")
	out, err := s.command("pulumi", "destroy", "--yes", "--stack", "dev", "--non-interactive", "--color", "never").CombinedOutput()
	if err == nil {
		t.Error("it was destroyed")
	}
	for _, want := range []string{"fleetman-mongodb-data-0", "protected", "pulumi state unprotect"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("doesn't say %q", want)
		}
	}
	t.Logf("\n%s", out)
	if now := objects(); now != before {
		t.Errorf("there was\n%sand is\n%s", before, now)
	}
	protect("false")
}

func (s *story) destroy(t *testing.T) {
	s.pulumi(t, "destroy", "--yes")
	if out, err := s.command("kubectl", "get", "namespace", "fleetman").CombinedOutput(); err == nil || !bytes.Contains(out, []byte("NotFound")) {
		t.Errorf("the namespace is still there: %v %s", err, out)
	}
	eventually(t, 30*time.Second, "no volume", func() bool {
		return strings.TrimSpace(s.run(t, "kubectl", "get", "persistentvolumes", "-o", "name")) == ""
	})
	if out := s.run(t, "pulumi", "stack", "--stack", "dev", "--show-urns"); strings.Contains(out, "kubernetes:") {
		t.Errorf("the stack still has resources:\n%s", out)
	}
}

func (s *story) gitStatus(t *testing.T) string {
	t.Helper()
	return output(t, s.repository, "git", "status", "--porcelain")
}

func (s *story) clean(t *testing.T) {
	if now := s.gitStatus(t); now != s.before {
		t.Errorf("git status was\n%sand is\n%s", s.before, now)
	}
}

func (s *story) removed(t *testing.T) {
	s.lab(t, "remove")
	dir := filepath.Join(s.state, "nodes", s.node)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there: %v", dir, err)
	}
	for _, pattern := range []string{"/sys/class/net/fm-" + s.node + "-*", "/sys/fs/cgroup/*/fleetman-" + s.node + "-*"} {
		if left, err := filepath.Glob(pattern); err != nil || len(left) != 0 {
			t.Errorf("still there: %v, %v", left, err)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil || bytes.Contains(mounts, []byte(dir)) {
		t.Errorf("a mount is still there: %v", err)
	}
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, line := range lines {
		if b, err := os.ReadFile(line); err == nil && bytes.Contains(b, []byte("node-supervise\x00"+s.node)) {
			t.Errorf("a process is still there: %s", line)
		}
	}
}

func get(address string) ([]byte, error) {
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", address, response.Status)
	}
	return body, err
}

func eventually(t *testing.T, limit time.Duration, what string, ask func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !ask(); time.Sleep(time.Second) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", limit, what)
		}
	}
}

func output(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = dir
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return // deleted in the work tree, not yet in the index
	}
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, from)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, info.Mode().Perm()); err != nil {
		t.Fatal(err)
	}
}
