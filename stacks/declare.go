package stacks

import (
	"fmt"
	"maps"
	"strconv"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/activemq"
	"fleetman/components/fleet"
	"fleetman/components/kube"
	"fleetman/components/mongodb"
)

// settings are what the stacks differ in.
type settings struct {
	name         string // by which alerts and measurements say where they are from
	provider     pulumi.ProviderResource
	storageClass pulumi.StringInput
	images       map[string]pulumi.StringOutput // references by service
	nodePorts    nodePorts
	data         kube.Placement // of what has volumes
	keyfile      Secret         // of a replica set
	ingress      bool           // whether there is an ingress controller
}

// opts are the options of what is declared in the cluster.
func (s *settings) opts() []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Provider(s.provider)}
}

// declared is what others lead to.
type declared struct {
	namespace, webapp pulumi.StringInput
	broker            *activemq.Broker
	database          *mongodb.Database
}

// nodePorts are the ports of every node that lead in; 0 is none.
type nodePorts struct{ webapp, gateway, console, grafana, kibana int }

// namespace declares a namespace.
func namespace(ctx *pulumi.Context, name string, labels pulumi.StringMap, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	space, err := corev1.NewNamespace(ctx, name, &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(name), Labels: labels},
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("declare namespace %s: %w", name, err)
	}
	return space.Metadata.Name().Elem(), nil
}

// declare declares what both stacks have: the namespace, the broker, the database and the services. Each is given what it
// needs of the others as their outputs, which is what they wait for.
func declare(ctx *pulumi.Context, config *Config, s *settings) (*declared, error) {
	opts := s.opts()
	namespace, err := namespace(ctx, kube.PartOf, kube.RestrictedNamespace(), opts...)
	if err != nil {
		return nil, err
	}

	broker, err := activemq.NewBroker(ctx, "fleetman-queue", &activemq.BrokerArgs{
		Namespace: namespace, StorageClass: s.storageClass, Storage: config.ActiveMQ.Storage, ProtectData: config.Protect, Placement: s.data,
		Heap: config.ActiveMQ.Heap, Password: config.ActiveMQPassword.Input(),
		Console: config.ActiveMQ.Console, ConsoleNodePort: s.nodePorts.console,
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("declare broker: %w", err)
	}
	database, err := mongodb.NewDatabase(ctx, "fleetman-mongodb", &mongodb.DatabaseArgs{
		Namespace: namespace, StorageClass: s.storageClass, Storage: config.MongoDB.Storage, ProtectData: config.Protect, Placement: s.data,
		CacheGB: config.MongoDB.CacheGB, Password: config.MongoDBPassword.Input(), Members: config.MongoDB.Members, Keyfile: s.keyfile.optional(),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("declare database: %w", err)
	}

	// service declares one of the four: its own settings and those that are the same for all.
	service := func(app string, args fleet.ServiceArgs) (*fleet.Service, error) {
		args.App, args.Namespace, args.Image = app, namespace, s.images[app]
		config := pulumi.StringMap{"LOG_LEVEL": pulumi.String(config.LogLevel)}
		maps.Copy(config, args.Config)
		args.Config = config
		service, err := fleet.NewService(ctx, "fleetman-"+app, &args, opts...)
		if err != nil {
			return nil, fmt.Errorf("declare %s: %w", app, err)
		}
		return service, nil
	}
	if _, err := service(simulatorService, fleet.ServiceArgs{
		Component: "simulator",
		Config: pulumi.StringMap{
			"QUEUE_ADDR": broker.StompAddress, "QUEUE_USER": pulumi.String(broker.User),
			"FLEET_VEHICLES":        pulumi.String(strconv.Itoa(config.Simulator.Vehicles)),
			"FLEET_SEED":            pulumi.String(strconv.FormatInt(config.Simulator.Seed, 10)),
			"FLEET_REPORT_INTERVAL": pulumi.String(config.Simulator.ReportInterval.String()),
		},
		Secret: pulumi.StringMap{"QUEUE_PASSWORD": config.ActiveMQPassword.Input()},
	}); err != nil {
		return nil, err
	}
	tracker, err := service(trackerService, fleet.ServiceArgs{
		Component: "backend",
		Config: pulumi.StringMap{
			"QUEUE_ADDR": broker.StompAddress, "QUEUE_USER": pulumi.String(broker.User),
			"MONGODB_URI":  database.URI("fleetman"),
			"MONGODB_USER": pulumi.String(database.User), "HISTORY_RETENTION": pulumi.String(config.Tracker.Retention.String()),
		},
		Secret: pulumi.StringMap{
			"QUEUE_PASSWORD": config.ActiveMQPassword.Input(), "MONGODB_PASSWORD": config.MongoDBPassword.Input(),
		},
	})
	if err != nil {
		return nil, err
	}
	gateway, err := service(gatewayService, fleet.ServiceArgs{
		Component: "backend", NodePort: s.nodePorts.gateway, Replicas: config.Gateway.Replicas,
		Config: pulumi.StringMap{
			"QUEUE_ADDR": broker.StompAddress, "QUEUE_USER": pulumi.String(broker.User), "TRACKER_URL": tracker.URL,
			"STREAM_INTERVAL": pulumi.String(config.Gateway.StreamInterval.String()),
		},
		Secret: pulumi.StringMap{"QUEUE_PASSWORD": config.ActiveMQPassword.Input()},
	})
	if err != nil {
		return nil, err
	}
	webapp, err := service(webappService, fleet.ServiceArgs{
		Component: "frontend", Port: 80, NodePort: s.nodePorts.webapp, Replicas: config.Webapp.Replicas,
		Config: pulumi.StringMap{"GATEWAY_URL": gateway.URL, "WEB_ROOT": pulumi.String(webRoot)},
	})
	if err != nil {
		return nil, err
	}
	if config.Monitoring.Enabled {
		if _, err := service(queueExporterService, fleet.ServiceArgs{
			Component: "exporter",
			Config:    pulumi.StringMap{"QUEUE_ADDR": broker.StompAddress, "QUEUE_USER": pulumi.String(broker.User)},
			Secret:    pulumi.StringMap{"QUEUE_PASSWORD": config.ActiveMQPassword.Input()},
		}); err != nil {
			return nil, err
		}
	}
	ctx.Export("namespace", namespace)
	ctx.Export("images", pulumi.ToStringMapOutput(s.images))
	return &declared{namespace: namespace, webapp: webapp.Name, broker: broker, database: database}, nil
}
