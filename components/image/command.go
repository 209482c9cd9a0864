package image

import (
	"context"
	"os"
	"os/exec"
)

// Runner runs a command in a folder with variables added to the environment, and answers with all that it wrote.
type Runner func(ctx context.Context, dir string, env []string, name string, args ...string) (output []byte, err error)

// Exec is the Runner that runs it for real.
func Exec(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	return cmd.CombinedOutput()
}
