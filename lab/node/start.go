package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"fleetman/lab/progress"
)

// Context is the name of the kubeconfig's context, user and cluster: Minikube's, whose place the node takes.
const Context = "minikube"

// packages are what the node's root file system holds besides Debian's base.
const packages = "containerd,runc,containernetworking-plugins,nftables,iproute2,mount,util-linux,coreutils,base-files"

// Start brings the node up and returns when Kubernetes answers and its add-ons run. A node that runs is left alone; one that was
// interrupted while it was first set up is set up from the start.
func (n *Node) Start(ctx context.Context, log *progress.Log) error {
	if _, err := n.pid(); err == nil {
		if n.ready(ctx) == nil {
			log.Say("node %s runs already", n.Name)
			return n.importImages(ctx, log)
		}
		log.Say("node %s runs but does not answer: it is started anew", n.Name)
	}
	if err := n.Stop(); err != nil {
		return err
	}
	if err := n.free(); err != nil {
		return err
	}
	if err := n.makeRoot(log); err != nil {
		return err
	}
	if err := log.Step("start the node", func() error { return n.boot(ctx, log) }); err != nil {
		return err
	}
	return n.writeKubeconfig()
}

// ready asks the API server, briefly.
func (n *Node) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return n.Kubectl(ctx, nil, nil, "get", "--raw", "/readyz")
}

// free fails when the machine already routes the node's range elsewhere.
func (n *Node) free() error {
	out, err := exec.Command("ip", "-brief", "address").Output()
	if err != nil {
		return fmt.Errorf("list addresses: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, " "+strings.TrimSuffix(n.prefix.Addr().String(), "0")) {
			return fmt.Errorf("the node's range %s is in use on this machine, perhaps by the node of another work tree (make clean there ends it): %s",
				n.prefix, strings.TrimSpace(line))
		}
	}
	return nil
}

// makeRoot unpacks the node's root file system. Nothing of it is executed meanwhile.
func (n *Node) makeRoot(log *progress.Log) error {
	if _, err := os.Stat(n.root()); err == nil {
		return nil
	}
	if err := os.MkdirAll(n.Dir, 0o755); err != nil {
		return fmt.Errorf("make node directory: %w", err)
	}
	return log.Step("unpack the node's root file system", func() error {
		part := n.root() + ".part"
		if err := os.RemoveAll(part); err != nil {
			return fmt.Errorf("remove leftover: %w", err)
		}
		if err := run("mmdebstrap", "--quiet", "--variant=extract", "--include="+packages, "bookworm", part); err != nil {
			return err
		}
		return os.Rename(part, n.root())
	})
}

// boot starts the first process in its namespaces, gives it its end of the wire, and waits until it says that it is ready.
func (n *Node) boot(ctx context.Context, log *progress.Log) error {
	for _, dir := range []string{"opt/fleetman", "opt/images"} {
		if err := os.MkdirAll(filepath.Join(n.root(), dir), 0o755); err != nil {
			return fmt.Errorf("make mount point: %w", err)
		}
	}
	out, err := os.OpenFile(n.Log(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("open node log: %w", err)
	}
	defer out.Close()
	// The child reads one line from words when the wire is there, and writes its steps to steps; ending the steps without the
	// word "ready" is failure.
	words, tell, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make pipe: %w", err)
	}
	defer tell.Close()
	steps, report, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make pipe: %w", err)
	}
	defer steps.Close()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	init := exec.Command(self, "node-init", n.Name)
	init.Env = append(nodeEnv(), "FLEETMAN_STATE="+filepath.Dir(filepath.Dir(n.Dir)))
	init.Stdout, init.Stderr = out, out
	init.ExtraFiles = []*os.File{words, report}
	init.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
	}
	if err := init.Start(); err != nil {
		return fmt.Errorf("start the node's first process (root is needed): %w", err)
	}
	words.Close()
	report.Close()
	pid := init.Process.Pid
	go init.Wait() //nolint:errcheck // only reaps; the node outlives this program
	started, err := startTime(pid)
	if err != nil {
		return err
	}
	if err := os.WriteFile(n.pidFile(), []byte(strconv.Itoa(pid)+" "+started+"\n"), 0o644); err != nil {
		return fmt.Errorf("write pid file: %w", err)
	}
	if err := n.wire(pid); err != nil {
		return errors.Join(err, n.Stop())
	}
	if _, err := tell.WriteString("wired\n"); err != nil {
		return fmt.Errorf("tell the node: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { steps.Close() })
	defer stop()
	for lines := bufio.NewScanner(steps); lines.Scan(); {
		if lines.Text() == "ready" {
			return nil
		}
		log.Say("  %s", lines.Text())
	}
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), n.Stop())
	}
	return fmt.Errorf("the node did not come up; the end of %s:\n%s", n.Log(), tail(n.Log(), 15))
}

// wire joins the node to the machine by a veth pair. Only the two addresses know each other.
func (n *Node) wire(pid int) error {
	for _, args := range [][]string{
		{"link", "add", n.link(), "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(pid)},
		{"address", "add", fmt.Sprintf("%s/%d", n.host(), n.prefix.Bits()), "dev", n.link()},
		{"link", "set", n.link(), "up"},
	} {
		if err := run("ip", args...); err != nil {
			return err
		}
	}
	return nil
}

// importImages brings archives that have changed since the node started into a running node.
func (n *Node) importImages(ctx context.Context, log *progress.Log) error {
	return importChanged(n.Images, filepath.Join(n.root(), imported), func(archive string) error {
		return log.Step("import "+filepath.Base(archive), func() error {
			f, err := os.Open(archive)
			if err != nil {
				return fmt.Errorf("open image: %w", err)
			}
			defer f.Close()
			return n.LoadImage(ctx, f)
		})
	})
}

// writeKubeconfig gives people the node's own administrator under Minikube's names.
func (n *Node) writeKubeconfig() error {
	own, err := clientcmd.LoadFromFile(filepath.Join(n.root(), "etc/kubernetes/super-admin.conf"))
	if err != nil {
		return fmt.Errorf("read the node's kubeconfig: %w", err)
	}
	current := own.Contexts[own.CurrentContext]
	out := clientcmdapi.NewConfig()
	out.Clusters[Context] = own.Clusters[current.Cluster]
	out.AuthInfos[Context] = own.AuthInfos[current.AuthInfo]
	out.Contexts[Context] = &clientcmdapi.Context{Cluster: Context, AuthInfo: Context}
	out.CurrentContext = Context
	if err := clientcmd.WriteToFile(*out, n.Kubeconfig()); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	return nil
}

func tail(path string, lines int) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
