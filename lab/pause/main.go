// Command pause holds a pod's namespaces open until it is told to stop.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	// As process 1 of a shared PID namespace, pause inherits orphans; ignoring SIGCHLD makes the kernel reap them.
	signal.Ignore(syscall.SIGCHLD)
	<-stop
}
