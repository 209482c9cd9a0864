package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Kubernetes is the version of every Kubernetes part of the node.
const Kubernetes = "v1.36.2"

// APIPort is where the API server listens; Minikube's listens there too.
const APIPort = 8443

// ErrNotRunning says that the node has no first process.
var ErrNotRunning = errors.New("the lab's node is not running: run make up")

// Node is one node, running or not.
type Node struct {
	// Name is "dev" for people and "test" for the end-to-end tests; the two can run side by side.
	Name string
	// Dir holds everything of the node.
	Dir string
	// Bin holds the programs that package tools builds.
	Bin string
	// Images holds the archives that the node imports when it starts.
	Images string
	prefix netip.Prefix
}

// Names and the address ranges that go with them, clear of the ranges that Docker and Minikube use.
var ranges = map[string]string{"dev": "192.168.149.0/24", "test": "192.168.150.0/24"}

// New describes the node called name under the state directory.
func New(state, name string) (*Node, error) {
	r, ok := ranges[name]
	if !ok {
		return nil, fmt.Errorf("no node is called %q: there are dev and test", name)
	}
	return &Node{
		Name: name, Dir: filepath.Join(state, "nodes", name), Bin: filepath.Join(state, "bin"),
		Images: filepath.Join(state, "images"), prefix: netip.MustParsePrefix(r),
	}, nil
}

// FromEnvironment is the node that FLEETMAN_STATE and FLEETMAN_NODE name, as the file "env" of the state directory sets them.
func FromEnvironment() (*Node, error) {
	state := os.Getenv("FLEETMAN_STATE")
	if state == "" {
		return nil, errors.New("FLEETMAN_STATE is not set: run make shell first")
	}
	return New(state, os.Getenv("FLEETMAN_NODE"))
}

func (n *Node) root() string { return filepath.Join(n.Dir, "root") }

// Kubeconfig is the path of the file that reaches the node's API server from the machine, context "minikube".
func (n *Node) Kubeconfig() string { return filepath.Join(n.Dir, "kubeconfig") }

// Log is the path of the file in which the node's own processes write.
func (n *Node) Log() string { return filepath.Join(n.Dir, "node.log") }

// host and IP are the two ends of the veth pair.
func (n *Node) host() netip.Addr { return n.prefix.Addr().Next() }

// IP is the node's address.
func (n *Node) IP() netip.Addr { return n.host().Next() }

// link and cgroup name what the node has on the machine. They hold a digest of the directory, so that one work tree never takes
// away what another's node uses. An interface's name has fifteen characters at most (IFNAMSIZ).
func (n *Node) link() string { return "fm-" + n.Name + "-" + n.digest() }

func (n *Node) cgroup() string { return "fleetman-" + n.Name + "-" + n.digest() }

func (n *Node) digest() string { return fmt.Sprintf("%.3x", sha256.Sum256([]byte(n.Dir))) }

func (n *Node) pidFile() string { return filepath.Join(n.Dir, "pid") }

// pid is the node's first process as the machine numbers it. The file also holds the process's start time, since numbers
// are used again.
func (n *Node) pid() (int, error) {
	b, err := os.ReadFile(n.pidFile())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, ErrNotRunning
	}
	if err != nil {
		return 0, fmt.Errorf("read pid file: %w", err)
	}
	number, started, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	pid, err := strconv.Atoi(number)
	if err != nil {
		return 0, fmt.Errorf("read pid file: %w", err)
	}
	if now, err := startTime(pid); err != nil || now != started {
		return 0, ErrNotRunning
	}
	return pid, nil
}

// startTime is field 22 of /proc/PID/stat, in clock ticks since boot (proc(5)). A zombie has none.
func startTime(pid int) (string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", fmt.Errorf("read process: %w", err)
	}
	// The second field is the program's name in parentheses and may hold spaces.
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" {
		return "", ErrNotRunning
	}
	return fields[19], nil
}

// Exec runs a command inside the node.
func (n *Node) Exec(ctx context.Context, in io.Reader, out io.Writer, args ...string) error {
	pid, err := n.pid()
	if err != nil {
		return err
	}
	// The namespaces are entered through the supervisor's parent, whose root is already the node's.
	c := exec.CommandContext(ctx, "nsenter", append([]string{
		"--target", strconv.Itoa(pid), "--mount", "--pid", "--net", "--ipc", "--uts", "--root", "--wd", "--",
	}, args...)...)
	var problems strings.Builder
	c.Stdin, c.Stdout, c.Stderr = in, out, &problems
	c.Env = nodeEnv()
	if err := c.Run(); err != nil {
		return fmt.Errorf("run %s in the node: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(problems.String()))
	}
	return nil
}

// LoadImage imports an image archive into the node's containerd.
func (n *Node) LoadImage(ctx context.Context, archive io.Reader) error {
	return n.Exec(ctx, archive, io.Discard, "ctr", "--namespace", "k8s.io", "images", "import", "-")
}

// Kubectl runs kubectl against the node.
func (n *Node) Kubectl(ctx context.Context, in io.Reader, out io.Writer, args ...string) error {
	c := exec.CommandContext(ctx, filepath.Join(n.Bin, "kubectl"), append([]string{"--kubeconfig", n.Kubeconfig()}, args...)...)
	var problems strings.Builder
	c.Stdin, c.Stdout, c.Stderr = in, out, &problems
	if err := c.Run(); err != nil {
		return fmt.Errorf("run kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(problems.String()))
	}
	return nil
}

// Status writes a few lines on the node, or says that it does not run.
func (n *Node) Status(ctx context.Context, w io.Writer) error {
	pid, err := n.pid()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "node %s: running, first process %d, address %s, log %s\n", n.Name, pid, n.IP(), n.Log())
	return n.Kubectl(ctx, nil, w, "get", "nodes,pods", "--all-namespaces")
}

// Stop ends the node and everything in it; its disks stay. Stopping what does not run is no error.
func (n *Node) Stop() error {
	pid, err := n.pid()
	switch {
	case errors.Is(err, ErrNotRunning):
	case err != nil:
		return err
	default:
		// The death of a PID namespace's first process kills all the others; no grace is needed, etcd and KahaDB sync.
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return fmt.Errorf("end the node's first process: %w", err)
		}
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			if _, err := startTime(pid); err != nil {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("process %d of the node does not end", pid)
			}
		}
	}
	return errors.Join(n.removeLink(), n.removeCgroups(), ignoreNotExist(os.Remove(n.pidFile())))
}

// Remove stops the node and deletes it.
func (n *Node) Remove() error {
	if err := n.Stop(); err != nil {
		return err
	}
	if err := os.RemoveAll(n.Dir); err != nil {
		return fmt.Errorf("remove node directory: %w", err)
	}
	return nil
}

// removeLink waits for the kernel to take the interface away with the network namespace, and helps if it does not.
func (n *Node) removeLink() error {
	for range 20 {
		if _, err := os.Stat("/sys/class/net/" + n.link()); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return run("ip", "link", "delete", n.link())
}

// removeCgroups deletes the cgroups in which the kubelet put pods: with cgroup v1 in every hierarchy, with v2 in the one.
func (n *Node) removeCgroups() error {
	roots, err := n.cgroups()
	if err != nil {
		return err
	}
	var last error
	// The kernel frees a cgroup shortly after its last process ended.
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		last = nil
		for _, root := range roots {
			last = errors.Join(last, removeTree(root))
		}
		if last == nil {
			return nil
		}
	}
	return fmt.Errorf("remove cgroups: %w", last)
}

// removeTree removes directories only, deepest first: the files of a cgroup cannot be removed and go with it.
func removeTree(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeTree(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return ignoreNotExist(syscall.Rmdir(dir))
}

// cgroups are the directories of the node's cgroup in every mounted hierarchy.
func (n *Node) cgroups() ([]string, error) {
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, fmt.Errorf("read mounts: %w", err)
	}
	var dirs []string
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) > 2 && (f[2] == "cgroup" || f[2] == "cgroup2") {
			dirs = append(dirs, filepath.Join(f[1], n.cgroup()))
		}
	}
	return dirs, nil
}

func ignoreNotExist(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// run runs a command of the machine; what it printed is part of the error.
func run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("run %s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// nodeEnv is the environment of processes in the node; nothing of the machine's gets in.
func nodeEnv() []string {
	return []string{"PATH=/opt/fleetman:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "KUBECONFIG=/etc/kubernetes/super-admin.conf"}
}
