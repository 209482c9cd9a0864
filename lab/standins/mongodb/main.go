// Command docker-entrypoint stands in the lab for the entry point of MongoDB's official image. It takes mongod's flags and the
// image's variables, as far as this project uses them with one member, and runs FerretDB, which speaks MongoDB's protocol over
// SQLite. Any other flag is refused, so that the lab never seems to do what it does not.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mongodb (the lab's stand-in, FerretDB):", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 && args[0] == "mongod" {
		args = args[1:]
	}
	flags := flag.NewFlagSet("mongod", flag.ContinueOnError)
	auth := flags.Bool("auth", false, "demand a login")
	all := flags.Bool("bind_ip_all", false, "listen on every address")
	data := flags.String("dbpath", "/data/db", "directory of the data")
	port := flags.String("port", "27017", "port to listen on")
	set := flags.String("replSet", "", "refused: FerretDB makes no replica set")
	keyfile := flags.String("keyFile", "", "refused as well")
	flags.Float64("wiredTigerCacheSizeGB", 0, "taken and of no use: there is no WiredTiger here")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("read flags: %w", err)
	}
	if *set != "" || *keyfile != "" {
		return errors.New("--replSet and --keyFile: FerretDB makes no replica set; the lab's database has one member")
	}
	if !*auth {
		return errors.New("only --auth is supported")
	}
	user, err := secret("MONGO_INITDB_ROOT_USERNAME")
	if err != nil {
		return err
	}
	password, err := secret("MONGO_INITDB_ROOT_PASSWORD")
	if err != nil {
		return err
	}
	address := "127.0.0.1:" + *port
	if *all {
		address = ":" + *port
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	ferretdb := filepath.Join(filepath.Dir(self), "ferretdb")
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "MONGO_") })
	env = append(env,
		"FERRETDB_HANDLER=sqlite", "FERRETDB_SQLITE_URL=file:"+*data+"/", "FERRETDB_STATE_DIR="+*data,
		"FERRETDB_LISTEN_ADDR="+address, "FERRETDB_DEBUG_ADDR=-", "FERRETDB_TELEMETRY=disable", "FERRETDB_LOG_LEVEL=warn",
		"FERRETDB_TEST_ENABLE_NEW_AUTH=true", "FERRETDB_SETUP_DATABASE=admin",
		"FERRETDB_SETUP_USERNAME="+user, "FERRETDB_SETUP_PASSWORD="+password,
	)
	return fmt.Errorf("run FerretDB: %w", syscall.Exec(ferretdb, []string{"ferretdb"}, env))
}

// secret reads a variable or, as the official entry point does, the file that the variable with _FILE names.
func secret(name string) (string, error) {
	value, file := os.Getenv(name), os.Getenv(name+"_FILE")
	switch {
	case value != "" && file != "":
		return "", fmt.Errorf("%s and %s_FILE are both set", name, name)
	case file != "":
		b, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read %s_FILE: %w", name, err)
		}
		value = strings.TrimSpace(string(b))
	}
	if value == "" {
		return "", fmt.Errorf("%s or %s_FILE must be set", name, name)
	}
	return value, nil
}
