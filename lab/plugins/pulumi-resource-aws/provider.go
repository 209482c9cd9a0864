package main

import (
	"context"
	"maps"
	"strings"
	"sync"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fleetman/lab/plugins/internal/standin"
)

const version = "6.83.2"

type provider struct {
	plugin.UnimplementedProvider
	sdk func() (*sdk, error)
}

// newProvider makes a provider for the program in dir, whose SDK is looked for when it is first needed.
func newProvider(ctx context.Context, dir string) *provider {
	return &provider{sdk: sync.OnceValues(func() (*sdk, error) { return openSDK(ctx, dir) })}
}

func (p *provider) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true}, nil
}

func (p *provider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	v := semver.MustParse(version)
	return plugin.PluginInfo{Version: &v}, nil
}

func (p *provider) SignalCancellation(context.Context) error { return nil }

// CheckConfig checks the provider's own inputs.
func (p *provider) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	s, err := p.sdk()
	if err != nil {
		return plugin.CheckConfigResponse{}, err
	}
	o, err := s.config()
	if err != nil {
		return plugin.CheckConfigResponse{}, err
	}
	inputs := maps.Clone(req.News)
	delete(inputs, "version") // the engine's
	delete(inputs, "pluginDownloadURL")
	failures, err := check(s, o, inputs)
	return plugin.CheckConfigResponse{Properties: req.News, Failures: failures}, err
}

func (p *provider) DiffConfig(_ context.Context, req plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return diff(req.OldInputs, req.NewInputs), nil
}

// Configure has nobody to connect to.
func (p *provider) Configure(context.Context, plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	return plugin.ConfigureResponse{}, nil
}

func (p *provider) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	s, err := p.sdk()
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	o, err := s.resource(string(req.URN.Type()))
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	if o == nil {
		return plugin.CheckResponse{Failures: []plugin.CheckFailure{{Reason: s.unknown(string(req.URN.Type()))}}}, nil
	}
	failures, err := check(s, o, req.News)
	return plugin.CheckResponse{Properties: req.News, Failures: failures}, err
}

// Diff compares inputs with inputs.
func (p *provider) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	return diff(req.OldInputs, req.NewInputs), nil
}

func diff(olds, news resource.PropertyMap) plugin.DiffResult {
	was, is := standin.Reveal(resource.NewProperty(olds)), standin.Reveal(resource.NewProperty(news))
	changes := was.ObjectValue().Diff(is.ObjectValue(), own)
	if changes == nil {
		return plugin.DiffResult{Changes: plugin.DiffNone}
	}
	return plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: plugin.NewDetailedDiffFromObjectDiff(changes, true)}
}

// own says whether a key is the engine's own or the bookkeeping of Pulumi's own provider.
func own(key resource.PropertyKey) bool { return strings.HasPrefix(string(key), "__") }

func (p *provider) Create(_ context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	if !req.Preview {
		return plugin.CreateResponse{}, refuse("create " + req.URN.Name())
	}
	return plugin.CreateResponse{Properties: req.Properties}, nil
}

func (p *provider) Update(_ context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	if !req.Preview {
		return plugin.UpdateResponse{}, refuse("update " + req.URN.Name())
	}
	return plugin.UpdateResponse{Properties: req.NewInputs}, nil
}

func (p *provider) Delete(_ context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	return plugin.DeleteResponse{}, refuse("delete " + req.URN.Name())
}

func (p *provider) Read(_ context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	return plugin.ReadResponse{}, refuse("read " + req.URN.Name())
}

func (p *provider) Invoke(_ context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	return plugin.InvokeResponse{}, refuse("call " + string(req.Tok))
}

func (p *provider) Call(_ context.Context, req plugin.CallRequest) (plugin.CallResponse, error) {
	return plugin.CallResponse{}, refuse("call " + string(req.Tok))
}

func refuse(what string) error {
	return status.Errorf(codes.FailedPrecondition, "%s: nothing was done, because this is the lab's stand-in for pulumi-resource-aws, which only "+
		"previews; Pulumi's own is wanted: pulumi plugin install resource aws v%s", what, version)
}
