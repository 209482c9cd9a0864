package image

import (
	"bytes"
	"context"
	"os"
	"os/exec"
)

// Runner runs a command in a folder with variables added to the environment. It answers with what the command wrote to its
// standard output and, if it failed, with its complaints after it.
type Runner func(ctx context.Context, dir string, env []string, name string, args ...string) (output []byte, err error)

// Exec is the Runner that runs it for real.
func Exec(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var output, complaints bytes.Buffer
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &output, &complaints
	if err := cmd.Run(); err != nil {
		return append(output.Bytes(), complaints.Bytes()...), err // the caller says what was run
	}
	return output.Bytes(), nil
}
