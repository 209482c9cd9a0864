package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/account"
	"fleetman/components/autoscaler"
	"fleetman/components/ci"
	"fleetman/components/edge"
	"fleetman/components/image"
	"fleetman/components/ingress"
	"fleetman/components/kube"
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
	opts := []pulumi.ResourceOption{pulumi.Providers(cloud.Provider, eks.Provider)}
	volumes, err := storage.NewStorage(ctx, "fleetman-storage", &storage.StorageArgs{
		Account: config.AWS.Account, Class: storageClass, VolumesOf: clusterName, Key: platform.dataKey,
		SnapshotHours: config.Backup.EveryHours, Snapshots: config.Backup.Keep,
	}, opts...)
	if err != nil {
		return err
	}
	if _, err := autoscaler.NewAutoscaler(ctx, "fleetman-autoscaler", &autoscaler.AutoscalerArgs{
		Account: config.AWS.Account, Region: config.AWS.Region, Cluster: clusterName, Version: config.Cluster.Version,
	}, opts...); err != nil {
		return err
	}
	pusher := &image.Pusher{Registry: registry.Host(config.AWS.place()), Login: image.ECR(config.AWS.Region, outside.Run)}
	repository, err := registry.NewRegistry(ctx, "fleetman-registry", &registry.RegistryArgs{
		Images: images, Deliver: delivery(outside, pusher), Ref: pusher.Ref, Key: platform.dataKey, Protect: config.Protect,
	}, opts...)
	if err != nil {
		return err
	}
	fleet, err := declare(ctx, config, &settings{
		provider: eks.Provider, storageClass: volumes.Class, images: repository.Images, keyfile: config.MongoDBKeyfile,
		data: kube.Placement{NodeSelector: map[string]string{tierLabel: dataTier}, Tolerate: tierLabel + "=" + dataTier + ":NoSchedule"},
	})
	if err != nil {
		return err
	}
	host := config.Edge.host()
	if _, err := ingress.NewIngress(ctx, "fleetman-ingress", &ingress.IngressArgs{
		Routes:   []ingress.Route{{Host: host, Namespace: fleet.namespace, Service: fleet.webapp, Port: 80}},
		NodePort: ingressNodePort, ProxyFrom: platform.network.CIDR,
	}, opts...); err != nil {
		return err
	}
	way := config.Edge.args()
	way.VPC, way.Subnets, way.NodeSecurityGroup = platform.network.VPC, inputs(platform.network.Public), platform.cluster.SecurityGroup
	way.AutoscalingGroups, way.Protect = inputs(platform.nodes.GeneralGroups), config.Protect
	if _, err := edge.NewEdge(ctx, "fleetman-edge", &way, append(opts, pulumi.DependsOn([]pulumi.Resource{platform.network}))...); err != nil {
		return err
	}
	ctx.Export("webappURL", pulumi.String("https://"+host))
	ctx.Export("cluster", platform.cluster.Name)
	ctx.Export("ciRole", platform.ciRole)
	return nil
}

// deployer is the role of the pipeline.
func (c *Config) deployer() *ci.DeployerArgs {
	return &ci.DeployerArgs{
		Place: c.AWS.place(), Bucket: state.Bucket(c.AWS.place()), KeyAlias: state.Alias, Repositories: repositories, Cluster: clusterName,
		Namespace: ciNamespace, ServiceAccount: ciAccount, Principals: c.CI.Principals,
	}
}
