// Command activemq stands in the lab for bin/activemq of an ActiveMQ release: "activemq console" runs the broker in the
// foreground with the release's own libraries and the configuration in conf. Every other word is refused.
package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "activemq (the lab's image):", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if !slices.Equal(args, []string{"console"}) {
		return fmt.Errorf("%q is not supported, only console", args)
	}
	home := "/opt/apache-activemq"
	if self, err := os.Executable(); err == nil && os.Getenv("ACTIVEMQ_HOME") == "" {
		home = filepath.Dir(filepath.Dir(self))
	}
	home = cmp.Or(os.Getenv("ACTIVEMQ_HOME"), home)
	conf := cmp.Or(os.Getenv("ACTIVEMQ_CONF"), home+"/conf")
	data := cmp.Or(os.Getenv("ACTIVEMQ_DATA"), home+"/data")
	found, err := filepath.Glob("/usr/lib/jvm/*/bin/java")
	if err != nil || len(found) == 0 {
		found = []string{"/usr/bin/java"}
	}
	java := cmp.Or(os.Getenv("JAVACMD"), found[0])
	command := []string{java}
	command = append(command, strings.Fields(cmp.Or(os.Getenv("ACTIVEMQ_OPTS_MEMORY"), "-Xms64M -Xmx1G"))...)
	command = append(command, strings.Fields(cmp.Or(os.Getenv("ACTIVEMQ_OPTS"),
		"-Djava.security.auth.login.config="+conf+"/login.config"))...)
	command = append(command,
		"-Dactivemq.home="+home, "-Dactivemq.base="+home, "-Dactivemq.conf="+conf, "-Dactivemq.data="+data,
		"-cp", conf+":"+home+"/lib/*", "org.apache.activemq.console.command.ShellCommand",
		"start", "xbean:file:"+conf+"/activemq.xml")
	return fmt.Errorf("run %s: %w", java, syscall.Exec(java, command, os.Environ()))
}
