package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"fleetman/lab/plugins/internal/standin"
)

func main() {
	standin.Main("pulumi-language-go", func(ctx context.Context, s *grpc.Server, engine string) error {
		ctx, stop := context.WithCancel(ctx)
		pulumirpc.RegisterLanguageRuntimeServer(s, &host{ctx: ctx, stop: stop, engine: engine})
		return nil
	})
}

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	ctx    context.Context //nolint:containedctx // ends with the process or with Cancel, which is a call of its own
	stop   context.CancelFunc
	engine string
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "3.259.0"}, nil
}

func (h *host) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (h *host) About(ctx context.Context, _ *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("find go: %w", err)
	}
	version, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("ask go for its version: %w", err)
	}
	return &pulumirpc.AboutResponse{Executable: path, Version: strings.TrimSpace(string(version))}, nil
}

func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.stop()
	return &emptypb.Empty{}, nil
}

// Run builds and runs the program. What the program did wrong goes into the response; an error is the host's own failure.
func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	if req.GetAttachDebugger() {
		return &pulumirpc.RunResponse{Error: "debuggers are not supported by the lab's stand-in for pulumi-language-go"}, nil
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(h.ctx, stop)() //nolint:contextcheck // either context ends the run

	program, err := build(ctx, req.GetInfo())
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	env, err := environment(req, h.engine)
	if err != nil {
		return nil, err
	}
	cmd := command(ctx, program, req.GetArgs()...)
	cmd.Dir, cmd.Env = req.GetPwd(), append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err = cmd.Run()
	exit := new(exec.ExitError)
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == constant.ExitStatusLoggedError:
		return &pulumirpc.RunResponse{Bail: true}, nil // the program has told the engine why
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("run program: %v", err)}, nil
	}
}

// build compiles the program and returns the executable. Its place depends on the program's folder only, so that the go tool
// skips linking when nothing has changed.
func build(ctx context.Context, info *pulumirpc.ProgramInfo) (string, error) {
	dir, target := filepath.Join(info.GetProgramDirectory(), info.GetEntryPoint()), "."
	for name, value := range info.GetOptions().GetFields() {
		if name != "binary" {
			return "", fmt.Errorf("the runtime option %s is not supported by the lab's stand-in for pulumi-language-go", name)
		}
		if binary := value.GetStringValue(); filepath.IsAbs(binary) {
			return binary, nil
		} else if binary != "" {
			return filepath.Join(info.GetRootDirectory(), binary), nil
		}
	}
	if stat, err := os.Stat(dir); err == nil && !stat.IsDir() {
		dir, target = filepath.Split(dir)
	}
	cache := os.Getenv("PULUMI_HOME")
	if cache == "" {
		var err error
		if cache, err = os.UserCacheDir(); err != nil {
			return "", fmt.Errorf("find cache folder: %w", err)
		}
	}
	program := filepath.Join(cache, "pulumi-language-go", fmt.Sprintf("%.6x", sha256.Sum256([]byte(dir+target))), "program")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	cmd := command(ctx, "go", "build", "-trimpath", "-o", program, target)
	cmd.Dir = dir
	messages, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build Go program in %s: %w\n%s", dir, err, messages)
	}
	_, _ = os.Stderr.Write(messages)
	return program, nil
}

// environment is how the Go SDK learns about the run.
func environment(req *pulumirpc.RunRequest, engine string) ([]string, error) {
	config, err := json.Marshal(req.GetConfig())
	if err != nil {
		return nil, fmt.Errorf("encode configuration: %w", err)
	}
	secrets, err := json.Marshal(req.GetConfigSecretKeys())
	if err != nil {
		return nil, fmt.Errorf("encode secret keys: %w", err)
	}
	return []string{
		pulumi.EnvOrganization + "=" + req.GetOrganization(),
		pulumi.EnvProject + "=" + req.GetProject(),
		pulumi.EnvPulumiRootDirectory + "=" + req.GetInfo().GetRootDirectory(),
		pulumi.EnvStack + "=" + req.GetStack(),
		pulumi.EnvConfig + "=" + string(config),
		pulumi.EnvConfigSecretKeys + "=" + string(secrets),
		pulumi.EnvDryRun + "=" + strconv.FormatBool(req.GetDryRun()),
		pulumi.EnvParallel + "=" + strconv.Itoa(int(req.GetParallel())),
		pulumi.EnvMonitor + "=" + req.GetMonitorAddress(),
		pulumi.EnvEngine + "=" + engine,
	}, nil
}

// command is asked to stop when ctx ends and killed if it does not.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}
