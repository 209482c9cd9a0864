// Command minikube answers, for the lab's node, the few calls that the Pulumi program and the Makefile make of Minikube:
//
//	minikube image load FILE
//	minikube image ls
//	minikube ip
//	minikube status
//
// It refuses every other, and says so. It is on the PATH only inside the lab.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"fleetman/lab/node"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "minikube (the lab's stand-in):", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	n, err := node.FromEnvironment()
	if err != nil {
		return err
	}
	switch {
	case len(args) == 3 && slices.Equal(args[:2], []string{"image", "load"}):
		f, err := os.Open(filepath.Clean(args[2]))
		if err != nil {
			return fmt.Errorf("open image: %w", err)
		}
		defer f.Close()
		return n.LoadImage(ctx, f)
	case slices.Equal(args, []string{"image", "ls"}):
		return n.Exec(ctx, nil, os.Stdout, "ctr", "--namespace", "k8s.io", "images", "ls", "-q")
	case slices.Equal(args, []string{"ip"}):
		fmt.Println(n.IP())
		return nil
	case slices.Equal(args, []string{"status"}):
		return n.Status(ctx, os.Stdout)
	}
	return fmt.Errorf("%q is not supported; install Minikube for the rest of it", args)
}
