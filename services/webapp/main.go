// Webapp serves the page, the roads, and the gateway under /api.
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"

	"fleetman/services/internal/road"
	"fleetman/services/internal/service"
	"fleetman/services/internal/web"
)

const (
	name        = "webapp"
	description = "Serves the page, the roads, and the API gateway under /api."
)

type config struct {
	service.Config `embed:""`
	GatewayURL     string `name:"gateway-url" env:"GATEWAY_URL" required:"" help:"The API gateway, such as http://fleetman-api-gateway:8080."`
	WebRoot        string `name:"web-root" env:"WEB_ROOT" default:"/www" help:"Folder of the built page."`
}

// Problems implements service.Checker.
func (c *config) Problems() []string {
	var gateway error
	if c.GatewayURL != "" {
		gateway = service.ValidateURL(c.GatewayURL)
	}
	return append(c.Config.Problems(), service.Problems(service.Check("GATEWAY_URL", gateway))...)
}

func main() {
	var c config
	os.Exit(service.Main(name, description, &c, &c.Config, func(ctx context.Context, s *service.Service) error {
		return run(ctx, s, c)
	}))
}

func run(ctx context.Context, s *service.Service, c config) error {
	files, err := web.ReadFiles(os.DirFS(c.WebRoot))
	if err != nil {
		return fmt.Errorf("use WEB_ROOT %s: %w", c.WebRoot, err)
	}
	roads, err := road.New(road.Seed).GeoJSON()
	if err != nil {
		return err
	}
	gateway, err := url.Parse(c.GatewayURL)
	if err != nil {
		return fmt.Errorf("parse GATEWAY_URL: %w", err)
	}
	web.NewSite(files, roads, gateway, s.Log).Register(s.HTTP)
	return s.HTTP.Run(ctx)
}
