// Command lab gives this project a Kubernetes node where none can be downloaded. The Makefile calls it; people call make.
//
//	lab plan           say what "lab up" would do to this machine
//	lab up             build what is missing, then start the node and wait until it is ready
//	lab build          only build
//	lab checkers       only build promtool and amtool, which need no node
//	lab start          only start
//	lab status         say how the node is
//	lab stop           end the node; its disks stay
//	lab remove         end and delete the node
//	lab exec CMD ...   run a command inside the node
//	lab local          run broker, database and services as plain processes, without the node
//
// The flag -node chooses between the nodes dev and test.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"fleetman/lab/image"
	"fleetman/lab/local"
	"fleetman/lab/node"
	"fleetman/lab/progress"
	"fleetman/lab/tools"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	state := flag.String("state", os.Getenv("FLEETMAN_STATE"), "directory of everything that the lab makes")
	name := flag.String("node", "dev", "which node: dev or test")
	module := flag.String("module", ".", "directory of the lab's Go module")
	flag.Parse()
	if *state == "" {
		return errors.New("-state or FLEETMAN_STATE must name a directory")
	}
	word := flag.Arg(0)
	if strings.HasPrefix(word, "node-") {
		*name = flag.Arg(1)
	}
	abs, err := filepath.Abs(*state)
	if err != nil {
		return fmt.Errorf("find state directory: %w", err)
	}
	moduleDir, err := filepath.Abs(*module)
	if err != nil {
		return fmt.Errorf("find module directory: %w", err)
	}
	n, err := node.New(abs, *name)
	if err != nil {
		return err
	}
	l := lab{state: abs, module: moduleDir, node: n, log: progress.New(os.Stderr)}
	switch word {
	case "plan":
		l.plan()
		return nil
	case "up":
		if err := l.build(ctx); err != nil {
			return err
		}
		return n.Start(ctx, l.log)
	case "build":
		return l.build(ctx)
	case "checkers":
		return l.log.Step("compile promtool and amtool", func() error { return tools.BuildCheckers(ctx, l.module, l.bin()) })
	case "start":
		return n.Start(ctx, l.log)
	case "status":
		return n.Status(ctx, os.Stdout)
	case "stop":
		return n.Stop()
	case "remove":
		return n.Remove()
	case "exec":
		return n.Exec(ctx, os.Stdin, os.Stdout, flag.Args()[1:]...)
	case "local":
		return local.Run(ctx, local.Settings{
			State: abs, Repository: filepath.Dir(moduleDir), JRE: l.jre(), Jars: l.jars(), Out: os.Stdout,
		})
	case "node-init":
		return n.Init()
	case "node-supervise":
		return n.Supervise(ctx)
	}
	return fmt.Errorf("no such command: %q", word)
}

type lab struct {
	state, module string
	node          *node.Node
	log           *progress.Log
}

func (l lab) bin() string  { return filepath.Join(l.state, "bin") }
func (l lab) jre() string  { return filepath.Join(l.state, "downloads", "jre") }
func (l lab) jars() string { return filepath.Join(l.state, "downloads", "activemq-6.3.1") }

func (l lab) plan() {
	fmt.Printf("The lab makes a Kubernetes %s node under %s:\n", node.Kubernetes, l.state)
	if missing := tools.Missing(); len(missing) > 0 {
		fmt.Printf("  - installs these Debian packages on this machine: %s\n", strings.Join(missing, ", "))
	}
	if _, err := os.Stat(filepath.Join(l.bin(), "ferretdb")); err != nil {
		fmt.Println("  - compiles Kubernetes, etcd, CoreDNS, metrics-server, FerretDB, Prometheus and Pulumi (about 15 minutes on two cores, once)")
	}
	fmt.Printf("  - runs the node in namespaces of its own, at %s, behind one network interface; make clean removes all of it\n", l.node.IP())
}

// build fetches what comes ready while the compilers run, then packs the images.
func (l lab) build(ctx context.Context) error {
	if missing := tools.Missing(); len(missing) > 0 {
		if err := l.log.Step("install "+strings.Join(missing, ", "), func() error { return tools.Install(ctx, missing) }); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for i, job := range []struct {
		name string
		do   func() error
	}{
		{"compile the lab's programs", func() error { return tools.Build(ctx, l.module, l.bin()) }},
		{"fetch Java", func() error { return image.FetchJRE(ctx, l.jre()) }},
		{"fetch ActiveMQ", func() error {
			return image.FetchActiveMQ(ctx, filepath.Join(l.module, "standins/activemq/pom.xml"), l.jars())
		}},
	} {
		wg.Go(func() {
			if errs[i] = l.log.Step(job.name, job.do); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := l.log.Step("pack the lab's images", func() error {
		return image.BuildAll(l.bin(), l.jre(), l.jars(), filepath.Join(l.state, "images"))
	}); err != nil {
		return err
	}
	// pulumi would do it without a word, and Pulumi's SDKs take minutes the first time.
	return l.log.Step("compile the Pulumi program", func() error { return tools.Compile(ctx, filepath.Dir(l.module), "./infra") })
}
