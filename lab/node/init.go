package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Init is the node's first process. It makes the node's root its own and starts the supervisor, then does what only a first
// process can: it reaps whatever is orphaned.
func (n *Node) Init() error {
	if os.Getpid() != 1 {
		return errors.New("node-init is not for people: it is the first process of a node")
	}
	if _, err := bufio.NewReader(os.NewFile(3, "words")).ReadString('\n'); err != nil {
		return fmt.Errorf("wait for the wire: %w", err)
	}
	if err := n.enterRoot(); err != nil {
		return err
	}
	supervisor := exec.Command("/proc/self/exe", "node-supervise", n.Name)
	supervisor.Env = append(nodeEnv(), "FLEETMAN_STATE="+os.Getenv("FLEETMAN_STATE"))
	supervisor.Stdout, supervisor.Stderr = os.Stdout, os.Stderr
	supervisor.ExtraFiles = []*os.File{os.NewFile(4, "report")}
	if err := supervisor.Start(); err != nil {
		return fmt.Errorf("start supervisor: %w", err)
	}
	os.NewFile(4, "report").Close()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if pid == supervisor.Process.Pid {
			return fmt.Errorf("the supervisor ended with status %d", status.ExitStatus())
		}
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("wait for children: %w", err)
		}
	}
}

// enterRoot makes the node's directory the root of this mount namespace, with its own /proc and /sys and, from the machine, the
// devices, the cgroups, the programs and the images.
func (n *Node) enterRoot() error {
	root := n.root()
	type mount struct {
		source, target, kind string
		flags                uintptr
	}
	for _, m := range []mount{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE},
		{root, root, "", unix.MS_BIND | unix.MS_REC},
		{"proc", root + "/proc", "proc", 0},
		{"sysfs", root + "/sys", "sysfs", 0},
		{"/sys/fs/cgroup", root + "/sys/fs/cgroup", "", unix.MS_BIND | unix.MS_REC},
		{"/dev", root + "/dev", "", unix.MS_BIND | unix.MS_REC},
		{"tmpfs", root + "/run", "tmpfs", 0},
		{"tmpfs", root + "/tmp", "tmpfs", 0},
		{n.Bin, root + "/opt/fleetman", "", unix.MS_BIND},
		{n.Images, root + "/opt/images", "", unix.MS_BIND},
	} {
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	if err := os.Chdir(root); err != nil {
		return fmt.Errorf("enter root: %w", err)
	}
	// pivot_root(2): with both arguments ".", the old root is stacked under the new one and can be detached at once.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("detach the machine's root: %w", err)
	}
	// The kubelet wants to share mounts with pods.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share mounts: %w", err)
	}
	if err := unix.Sethostname([]byte(Context)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	return nil
}

// Supervise sets Kubernetes up on the first start, runs what is not a pod, and never returns while the node lives.
func (n *Node) Supervise(ctx context.Context) error {
	report := os.NewFile(3, "report")
	syscall.CloseOnExec(3)
	say := func(step string) { fmt.Fprintln(report, step) }
	s := &supervisor{node: n, say: say}
	if err := s.up(ctx); err != nil {
		say(err.Error())
		return err
	}
	say("ready")
	report.Close()
	select {}
}

type supervisor struct {
	node *Node
	say  func(string)
}

// done marks a root file system on which kubeadm has finished.
const done = "/var/lib/fleetman/set-up"

func (s *supervisor) up(ctx context.Context) error {
	if err := s.network(); err != nil {
		return err
	}
	if err := s.makeCgroups(); err != nil {
		return err
	}
	_, err := os.Stat(done)
	first := errors.Is(err, fs.ErrNotExist)
	if first {
		for _, dir := range []string{"/etc/kubernetes", "/var/lib/etcd", "/var/lib/kubelet", "/var/lib/containerd", "/" + imported} {
			if err := os.RemoveAll(dir); err != nil {
				return fmt.Errorf("remove leftover: %w", err)
			}
		}
	}
	if err := s.writeConfig(); err != nil {
		return err
	}
	keep("containerd", "containerd", "--config", "/etc/containerd/config.toml")
	if err := wait(ctx, time.Minute, "containerd to answer", func() error { return run("ctr", "version") }); err != nil {
		return err
	}
	if err := importChanged("/opt/images", "/"+imported, func(archive string) error {
		s.say("import " + filepath.Base(archive))
		return run("ctr", "--namespace", "k8s.io", "images", "import", archive)
	}); err != nil {
		return err
	}
	if first {
		s.say("certificates, kubeconfigs and static pods by kubeadm")
		for _, phase := range []string{"certs all", "kubeconfig all", "etcd local", "control-plane all", "kubelet-start"} {
			if err := kubeadm(phase); err != nil {
				return err
			}
		}
	}
	keep("kubelet", "kubelet", "--config=/var/lib/kubelet/config.yaml", "--kubeconfig=/etc/kubernetes/kubelet.conf",
		"--hostname-override="+Context, "--node-ip="+s.node.IP().String())
	s.say("wait for the API server")
	if err := wait(ctx, 3*time.Minute, "the API server to be ready", func() error {
		return run("kubectl", "get", "--raw", "/readyz")
	}); err != nil {
		return fmt.Errorf("%w\nthe end of the kubelet's log:\n%s", err, tail("/var/log/kubelet.log", 5))
	}
	keep("kube-proxy", "kube-proxy", "--config=/etc/fleetman/kube-proxy.yaml")
	keep("hostpath-provisioner", "hostpath-provisioner", "--kubeconfig=/etc/kubernetes/super-admin.conf", "--root=/var/lib/volumes")
	if first {
		s.say("cluster configuration and add-ons")
		for _, phase := range []string{"upload-config all", "addon coredns"} {
			if err := kubeadm(phase); err != nil {
				return err
			}
		}
		if err := run("kubectl", "apply", "--server-side", "-f", "/etc/fleetman/addons.yaml"); err != nil {
			return err
		}
	}
	// metrics-server is not waited for: it is ready only when it has measured twice, half a minute later.
	s.say("wait for the node and its name server")
	for _, args := range [][]string{
		{"wait", "--for=condition=Ready", "node/" + Context, "--timeout=120s"},
		{"-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=120s"},
	} {
		if err := run("kubectl", args...); err != nil {
			return err
		}
	}
	return os.WriteFile(done, nil, 0o644)
}

// network configures the inside end of the wire. There is no default route on purpose; Service addresses need a route of any
// kind, since the node's own packets are routed once before kube-proxy's rules send them to a pod.
func (s *supervisor) network() error {
	n := s.node
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"address", "add", fmt.Sprintf("%s/%d", n.IP(), n.prefix.Bits()), "dev", "eth0"},
		{"link", "set", "eth0", "up"},
		{"route", "add", "10.96.0.0/12", "dev", "eth0"},
	} {
		if err := run("ip", args...); err != nil {
			return err
		}
	}
	// /proc/sys/net shows the network namespace of whoever opens it.
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return fmt.Errorf("enable forwarding: %w", err)
	}
	return nil
}

func (s *supervisor) makeCgroups() error {
	dirs, err := s.node.cgroups()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make cgroup: %w", err)
		}
		// With cgroup v1 a new cpuset is empty and takes no process until it is given what its parent has.
		for _, f := range []string{"cpuset.cpus", "cpuset.mems"} {
			b, err := os.ReadFile(filepath.Join(filepath.Dir(dir), f))
			if err != nil {
				continue // no cpuset in this hierarchy
			}
			if err := os.WriteFile(filepath.Join(dir, f), b, 0o644); err != nil {
				return fmt.Errorf("fill cpuset: %w", err)
			}
		}
	}
	return nil
}

// kubeadm runs one phase of "kubeadm init".
func kubeadm(phase string) error {
	return run("kubeadm", append(append([]string{"init", "phase"}, strings.Fields(phase)...), "--config=/etc/fleetman/kubeadm.yaml")...)
}

// keep runs a program, again and again if it ends, for the life of the node. Its output goes to a file of its own.
func keep(name, program string, args ...string) {
	go func() {
		for {
			out, err := os.OpenFile("/var/log/"+name+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
			if err == nil {
				c := exec.Command(program, args...)
				c.Env, c.Stdout, c.Stderr = nodeEnv(), out, out
				err = c.Run()
				out.Close()
			}
			fmt.Fprintf(os.Stderr, "%s ended and is started again: %v\n", name, err)
			time.Sleep(time.Second)
		}
	}()
}

// wait asks until there is no error.
func wait(ctx context.Context, limit time.Duration, what string, ask func() error) error {
	for deadline := time.Now().Add(limit); ; {
		err := ask()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %s for %s: %w", limit, what, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}
