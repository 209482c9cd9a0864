package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsNotSupportedIsRefusedAndNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"no login demanded":  {args: []string{"mongod"}, want: "--auth"},
		"a flag of mongod's": {args: []string{"--auth", "--sharded=x"}, want: "sharded"},
		"a replica set":      {args: []string{"--auth", "--replSet=rs0"}, want: "FerretDB makes no replica set"},
		"a keyfile":          {args: []string{"--auth", "--keyFile=/k"}, want: "FerretDB makes no replica set"},
		"no user":            {args: []string{"--auth"}, want: "MONGO_INITDB_ROOT_USERNAME"},
		"no password": {
			args: []string{"--auth"}, env: map[string]string{"MONGO_INITDB_ROOT_USERNAME": "fleet"}, want: "MONGO_INITDB_ROOT_PASSWORD",
		},
		"a file that is not there": {
			args: []string{"--auth"}, env: map[string]string{"MONGO_INITDB_ROOT_USERNAME_FILE": "/nowhere"}, want: "/nowhere",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			if err := run(tt.args); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("want an error that names %s, got %v", tt.want, err)
			}
		})
	}
}

func TestASecretIsReadFromItsVariableOrItsFileAndNotFromBoth(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from the file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("A_FILE", file)
	if got, err := secret("A"); err != nil || got != "from the file" {
		t.Errorf("%q, %v", got, err)
	}
	t.Setenv("A", "from the variable")
	if _, err := secret("A"); err == nil {
		t.Error("both were taken")
	}
}
