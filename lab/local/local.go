// Package local runs the whole fleet as plain processes on loopback: the broker, the database and the services, without a
// cluster. It is the inner loop of work on a service, and the ground for browser tests and measurements.
//
// It refuses to start when one of its ports is taken. When one process ends, all end.
package local

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"text/template"
	"time"
)

// Settings say where things are.
type Settings struct {
	// State is the directory of everything that is made; its sub-directory local is this package's.
	State string
	// Repository is the root of the work tree.
	Repository string
	// JRE and Jars are Java's root file system and the broker's libraries.
	JRE, Jars string
	// Out gets every process's output, each line after the process's name.
	Out io.Writer
}

// URL is where the page is.
const URL = "http://127.0.0.1:8080/"

const (
	queueAddr = "127.0.0.1:61613"
	mongoAddr = "127.0.0.1:27017"
	login     = "fleet"
)

type process struct {
	name, program string
	args, env     []string
	// address answers when the process is ready.
	address string
}

type runner struct {
	Settings
	mu       sync.Mutex
	running  []*exec.Cmd
	ended    chan error
	outLock  sync.Mutex
	children sync.WaitGroup
}

// Run starts everything, and stops everything, services first, when the context ends or a process does.
func Run(ctx context.Context, s Settings) error {
	var password struct{ ActivemqPassword, MongodbPassword string }
	b, err := os.ReadFile(filepath.Join(s.State, "credentials.json"))
	if err != nil {
		return fmt.Errorf("read credentials (make credentials makes them): %w", err)
	}
	if err := json.Unmarshal(b, &password); err != nil {
		return fmt.Errorf("read credentials: %w", err)
	}
	dir := filepath.Join(s.State, "local")
	home := filepath.Join(dir, "activemq")
	if err := s.configureBroker(home, password.ActivemqPassword); err != nil {
		return err
	}
	data := filepath.Join(dir, "mongodb")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("make database directory: %w", err)
	}
	bin := filepath.Join(dir, "bin")
	build := exec.CommandContext(ctx, "go", "build", "-o", bin+"/", "./services/...")
	build.Dir = s.Repository
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build services: %w\n%s", err, out)
	}
	java, err := filepath.Glob(filepath.Join(s.JRE, "usr/lib/jvm/*/bin/java"))
	if err != nil || len(java) == 0 {
		return fmt.Errorf("no Java in %s", s.JRE)
	}
	queue := []string{"QUEUE_ADDR=" + queueAddr, "QUEUE_USER=" + login, "QUEUE_PASSWORD=" + password.ActivemqPassword}
	service := func(name, addr string, env ...string) process {
		return process{name: name, program: filepath.Join(bin, name), env: append(env, "HTTP_ADDR="+addr), address: addr}
	}
	r := &runner{Settings: s, ended: make(chan error, 8)}
	err = r.all(ctx, []process{
		{
			name: "activemq", program: filepath.Join(s.State, "bin/activemq"), args: []string{"console"}, address: queueAddr,
			env: []string{
				"ACTIVEMQ_HOME=" + home, "JAVACMD=" + java[0], "ACTIVEMQ_OPTS_MEMORY=-Xms256m -Xmx256m",
				"ACTIVEMQ_OPTS=-Djava.security.auth.login.config=" + home + "/conf/login.config " +
					"-Dlog4j2.configurationFile=file:" + home + "/conf/log4j2.properties",
			},
		},
		{
			name: "mongodb", program: filepath.Join(s.State, "bin/mongodb"), args: []string{"--auth", "--dbpath=" + data}, address: mongoAddr,
			env: []string{"MONGO_INITDB_ROOT_USERNAME=" + login, "MONGO_INITDB_ROOT_PASSWORD=" + password.MongodbPassword},
		},
		service("position-tracker", "127.0.0.1:8082", append(queue, "MONGODB_URI=mongodb://"+mongoAddr+"/fleetman",
			"MONGODB_USER="+login, "MONGODB_PASSWORD="+password.MongodbPassword)...),
		service("position-simulator", "127.0.0.1:8083", queue...),
		service("api-gateway", "127.0.0.1:8081", append(queue, "TRACKER_URL=http://127.0.0.1:8082")...),
		service("webapp", "127.0.0.1:8080", "GATEWAY_URL=http://127.0.0.1:8081",
			"WEB_ROOT="+filepath.Join(s.Repository, "services/webapp/ui/dist")),
		service("queue-exporter", "127.0.0.1:8084", queue...),
	})
	return errors.Join(err, r.stop())
}

// all starts the processes in order, each when the one before answers, then waits.
func (r *runner) all(ctx context.Context, processes []process) error {
	for _, p := range processes {
		if answers(ctx, p.address) {
			return fmt.Errorf("%s is taken: %s cannot listen there", p.address, p.name)
		}
	}
	for _, p := range processes {
		if err := r.start(p); err != nil {
			return err
		}
		if err := r.ready(ctx, p); err != nil {
			return err
		}
	}
	r.line("local", "everything runs: "+URL+" (Ctrl-C ends it)")
	select {
	case <-ctx.Done():
		return nil
	case err := <-r.ended:
		return err
	}
}

func (r *runner) start(p process) error {
	c := exec.Command(p.program, p.args...) //nolint:noctx // stop ends it
	c.Env = append(os.Environ(), p.env...)
	// Ctrl-C is for this program, which ends the others in order; so no context either.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	out, in := io.Pipe()
	c.Stdout, c.Stderr = in, in
	if err := c.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	r.mu.Lock()
	r.running = append(r.running, c)
	r.mu.Unlock()
	r.children.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			r.line(p.name, lines.Text())
		}
		io.Copy(io.Discard, out) //nolint:errcheck // what a line too long leaves behind
	})
	r.children.Go(func() {
		err := c.Wait()
		in.Close() //nolint:errcheck // of a pipe in memory: it does not fail
		r.ended <- fmt.Errorf("%s ended: %w", p.name, errors.Join(err, errEnded))
	})
	return nil
}

var errEnded = errors.New("a process ended by itself")

func (r *runner) ready(ctx context.Context, p process) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if answers(ctx, p.address) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-r.ended:
			return err
		case <-time.After(200 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s does not answer on %s", p.name, p.address)
}

// answers says whether somebody listens on the address.
func answers(ctx context.Context, address string) bool {
	d := net.Dialer{Timeout: time.Second}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// stop ends the processes, the last started first, and gives each twenty-five seconds.
func (r *runner) stop() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for i := len(r.running) - 1; i >= 0; i-- {
		c := r.running[i]
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			continue // it has ended
		}
		select {
		case <-r.ended:
		case <-time.After(25 * time.Second):
			errs = append(errs, fmt.Errorf("process %d does not end: it is killed", c.Process.Pid), c.Process.Kill())
		}
	}
	r.children.Wait()
	return errors.Join(errs...)
}

func (r *runner) line(name, text string) {
	r.outLock.Lock()
	defer r.outLock.Unlock()
	fmt.Fprintf(r.Out, "%-18s %s\n", name, text)
}

// configureBroker gives the broker the configuration that the stack gives it, bound to loopback.
func (s Settings) configureBroker(home, password string) error {
	conf := filepath.Join(home, "conf")
	if err := os.MkdirAll(conf, 0o700); err != nil {
		return fmt.Errorf("make broker directory: %w", err)
	}
	files := map[string]string{
		"users.properties":  login + "=" + password + "\n",
		"groups.properties": "fleet=" + login + "\n",
	}
	source := filepath.Join(s.Repository, "components/activemq/conf")
	for _, name := range []string{"activemq.xml", "login.config", "log4j2.properties"} {
		t, err := template.ParseFiles(filepath.Join(source, name))
		if err != nil {
			return fmt.Errorf("read broker configuration: %w", err)
		}
		var text strings.Builder
		values := map[string]any{"Memory": 128, "QueueMemory": 64, "Store": 1024, "Temp": 128, "Console": false}
		if err := t.Execute(&text, values); err != nil {
			return fmt.Errorf("fill in broker configuration: %w", err)
		}
		files[name] = strings.ReplaceAll(text.String(), "//0.0.0.0:", "//127.0.0.1:")
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(conf, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("write broker configuration: %w", err)
		}
	}
	lib := filepath.Join(home, "lib")
	if err := os.Remove(lib); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("replace broker libraries: %w", err)
	}
	if err := os.Symlink(s.Jars, lib); err != nil {
		return fmt.Errorf("link broker libraries: %w", err)
	}
	return nil
}
