package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/autoscaler"
	"fleetman/components/ci"
	"fleetman/components/edge"
	"fleetman/components/image"
	"fleetman/components/ingress"
	"fleetman/components/registry"
	"fleetman/components/state"
	"fleetman/components/storage"
	"fleetman/components/target"
)

// The names that prod is known by in AWS, and the port of its nodes that the load balancer leads to.
const (
	clusterName     = "fleetman-prod"
	repositories    = "fleetman/"
	ingressNodePort = 30080
	storageClass    = "gp3"
	ciNamespace     = "fleetman-ci"
	ciAccount       = "jenkins"
)

// Prod is the stack on AWS, from the network up: nodes in three zones, images pulled by their digests, data on nodes of its own,
// one way in, and everything that can't be made again protected.
func Prod(ctx *pulumi.Context, config *Config, outside Outside) error {
	images, err := build(ctx, config, outside)
	if err != nil {
		return err
	}
	cloud, err := account.NewCloud(ctx, "aws", &account.CloudArgs{Place: config.AWS.place(), Offline: config.AWS.Offline})
	if err != nil {
		return err // each component says which it is
	}
	platform, err := declarePlatform(ctx, config, pulumi.Provider(cloud.Provider))
	if err != nil {
		return err
	}
	eks, err := target.NewEKS(ctx, "cluster", &target.EKSArgs{
		Name: clusterName, Region: config.AWS.Region, Endpoint: platform.cluster.Endpoint, CertificateAuthority: platform.cluster.CertificateAuthority,
		After: platform.ready,
	})
	if err != nil {
		return err
	}
	inCloud, inBoth := pulumi.Provider(cloud.Provider), pulumi.Providers(cloud.Provider, eks.Provider)
	backed := config.Backup.args(config)
	backed.Key = platform.dataKey
	volumes, err := storage.NewStorage(ctx, "fleetman-storage", &backed, inBoth)
	if err != nil {
		return err
	}
	scaler := config.autoscaler()
	scaler.Identity = platform.scaler
	if _, err := autoscaler.NewAutoscaler(ctx, "fleetman-autoscaler", scaler, inBoth); err != nil {
		return err
	}
	pusher := &image.Pusher{Registry: registry.Host(config.AWS.place()), Login: image.ECR(config.AWS.Region, outside.Run)}
	repository, err := registry.NewRegistry(ctx, "fleetman-registry", &registry.RegistryArgs{
		Images: images, Deliver: delivery(outside, pusher), Ref: pusher.Ref, Key: platform.dataKey, Protect: config.Protect,
	}, inCloud)
	if err != nil {
		return err
	}
	s := &settings{
		name: clusterName, provider: eks.Provider, storageClass: volumes.Class, images: repository.Images, keyfile: config.MongoDBKeyfile,
		data: dataNodes, ingress: true,
	}
	fleet, err := declare(ctx, config, s)
	if err != nil {
		return err
	}
	host := config.Edge.host()
	if _, err := ingress.NewIngress(ctx, "fleetman-ingress", &ingress.IngressArgs{
		Routes:   []ingress.Route{{Host: host, Namespace: fleet.namespace, Service: fleet.webapp, Port: 80}},
		NodePort: ingressNodePort, ProxyFrom: platform.network.CIDR,
	}, inBoth); err != nil {
		return err
	}
	if err := observe(ctx, config, s, fleet); err != nil {
		return err
	}
	way := config.Edge.args()
	way.VPC, way.Subnets, way.NodeSecurityGroup = platform.network.VPC, inputs(platform.network.Public), platform.cluster.SecurityGroup
	way.AutoscalingGroups, way.Protect = inputs(platform.nodes.GeneralGroups), config.Protect
	if _, err := edge.NewEdge(ctx, "fleetman-edge", &way, inCloud, pulumi.DependsOn(platform.network.Ways)); err != nil {
		return err
	}
	ctx.Export("webappURL", pulumi.String("https://"+host))
	ctx.Export("cluster", platform.cluster.Name)
	ctx.Export("ciRole", platform.ciRole)
	return nil
}

// autoscaler is what says how many nodes there are.
func (c *Config) autoscaler() *autoscaler.AutoscalerArgs {
	return &autoscaler.AutoscalerArgs{Account: c.AWS.Account, Region: c.AWS.Region, Cluster: clusterName, Version: c.Cluster.Version}
}

// deployer is the role of the pipeline.
func (c *Config) deployer() *ci.DeployerArgs {
	return &ci.DeployerArgs{
		Place: c.AWS.place(), Bucket: state.Bucket(c.AWS.place()), KeyAlias: state.Alias, Repositories: repositories, Cluster: clusterName,
		Namespace: ciNamespace, ServiceAccount: ciAccount, Principals: c.CI.Principals,
	}
}
