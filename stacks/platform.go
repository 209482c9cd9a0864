package stacks

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/addon"
	"fleetman/components/autoscaler"
	"fleetman/components/ci"
	"fleetman/components/cluster"
	"fleetman/components/edge"
	"fleetman/components/kms"
	"fleetman/components/kube"
	"fleetman/components/network"
	"fleetman/components/nodes"
	"fleetman/components/storage"
)

// dataNodes are those that what has volumes runs on, alone.
var dataNodes = kube.Placement{
	NodeSelector: map[string]string{nodes.TierLabel: nodes.DataTier},
	Tolerate:     nodes.TierLabel + "=" + nodes.DataTier + ":NoSchedule",
}

// platform is prod's half outside of the cluster.
type platform struct {
	network *network.Network
	cluster *cluster.Cluster
	nodes   *nodes.Nodes
	dataKey pulumi.StringInput
	ciRole  pulumi.StringInput
	scaler  pulumi.Resource // the autoscaler's identity
	// ready is what has to be there before anything can run in the cluster, and until nothing does.
	ready []pulumi.Resource
}

// declarePlatform declares keys, network, cluster, nodes and add-ons, each after what it stands on: the add-ons without which no
// node becomes ready come before the nodes, and those that run on nodes after them.
func declarePlatform(ctx *pulumi.Context, config *Config, opts ...pulumi.ResourceOption) (*platform, error) {
	p, place := &platform{}, config.AWS.place()
	logKey, err := kms.NewKey(ctx, "fleetman-logs", &kms.KeyArgs{
		Account: place.Account, Alias: clusterName + "-logs", Description: "Logs of network and cluster.", Services: kms.Logs(place), Protect: config.Protect,
	}, opts...)
	if err != nil {
		return nil, err
	}
	secretsKey, err := kms.NewKey(ctx, "fleetman-secrets", &kms.KeyArgs{
		Account: place.Account, Alias: clusterName + "-secrets", Description: "The cluster's Secrets.", Protect: config.Protect,
	}, opts...)
	if err != nil {
		return nil, err
	}
	dataKey, err := kms.NewKey(ctx, "fleetman-data", &kms.KeyArgs{
		Account: place.Account, Alias: clusterName + "-data", Description: "Volumes, their snapshots and images.", Protect: config.Protect,
		Retain: true, // volumes and snapshots stay, and are of no use without it
	}, opts...)
	if err != nil {
		return nil, err
	}
	p.dataKey = dataKey.ARN

	net := config.Network.args(config)
	net.LogKey, net.Protect = logKey.ARN, config.Protect
	if p.network, err = network.NewNetwork(ctx, "fleetman-network", &net, opts...); err != nil {
		return nil, err
	}
	deployer, err := ci.NewDeployer(ctx, "fleetman-ci", config.deployer(), opts...)
	if err != nil {
		return nil, err
	}
	p.ciRole = deployer.ARN

	control := config.Cluster.args()
	control.Subnets, control.SecretsKey, control.LogKey, control.Protect = inputs(p.network.Intra), secretsKey.ARN, logKey.ARN, config.Protect
	control.Access = append(control.Access, cluster.Access{
		Name: "ci", Principal: deployer.ARN, Policy: "AmazonEKSAdminPolicy", Namespaces: []string{kube.PartOf},
	})
	if p.cluster, err = cluster.NewCluster(ctx, "fleetman-cluster", &control, opts...); err != nil {
		return nil, err
	}
	if p.scaler, err = autoscaler.NewIdentity(ctx, "fleetman-autoscaler", config.autoscaler(), p.cluster.Name, opts...); err != nil {
		return nil, err
	}
	before, err := addon.NewAddons(ctx, "fleetman-addons-before-nodes", &addon.AddonsArgs{
		Cluster: p.cluster.Name, Addons: addon.BeforeNodes(config.Cluster.AddonVersions),
	}, opts...)
	if err != nil {
		return nil, err
	}
	machines := config.Nodes.args(config)
	machines.Cluster, machines.Version, machines.Subnets = p.cluster.Name, p.cluster.Version, inputs(p.network.Private)
	machines.After = slices.Concat(p.network.Ways, before.All) // a node joins by its way out, and is ready by its network
	if p.nodes, err = nodes.NewNodes(ctx, "fleetman-nodes", &machines, opts...); err != nil {
		return nil, err
	}
	driver, err := addon.NewEBSRole(ctx, "fleetman-ebs", p.dataKey, opts...)
	if err != nil {
		return nil, err
	}
	after, err := addon.NewAddons(ctx, "fleetman-addons", &addon.AddonsArgs{
		Cluster: p.cluster.Name, Addons: addon.AfterNodes(config.Cluster.AddonVersions, driver.ARN), After: p.nodes.Groups,
	}, opts...)
	if err != nil {
		return nil, err
	}
	p.ready = slices.Concat(p.nodes.Groups, after.All)
	return p, nil
}

// The arguments of prod's components as far as the configuration has them.

func (n Network) args(c *Config) network.NetworkArgs {
	return network.NetworkArgs{
		Account: c.AWS.Account, Region: c.AWS.Region, CIDR: n.CIDR, ServiceCIDR: c.Cluster.ServiceCIDR, Zones: n.Zones,
		NAT: network.NAT(n.NAT), InterfaceEndpoints: n.InterfaceEndpoints, FlowLogDays: n.FlowLogDays,
	}
}

func (k Cluster) args() cluster.ClusterArgs {
	args := cluster.ClusterArgs{
		Name: clusterName, Version: k.Version, ServiceCIDR: k.ServiceCIDR, PublicCIDRs: k.PublicCIDRs, LogDays: k.LogDays,
	}
	for _, admin := range k.Admins {
		args.Access = append(args.Access, cluster.Access{
			Name: "admin-" + named(admin), Principal: pulumi.String(admin), Policy: cluster.AdminPolicy,
		})
	}
	return args
}

// named is the name of a role or a user, of its ARN, in small letters, digits and -.
func named(arn string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(arn[strings.LastIndexAny(arn, "/:")+1:]))
}

func (n Nodes) args(c *Config) nodes.NodesArgs {
	return nodes.NodesArgs{
		Arch: c.Images.Arch, Zones: c.Network.Zones, DiskGB: n.DiskGB,
		General: nodes.Group{InstanceTypes: n.GeneralTypes, Min: n.GeneralMin, Max: n.GeneralMax},
		Data:    nodes.Group{InstanceTypes: n.DataTypes, Min: n.DataMin, Max: n.DataMax},
		Tags:    map[string]string{"Project": "fleetman", "Stack": prod, "ManagedBy": "pulumi"}, // instances don't get the provider's
	}
}

func (e Edge) args() edge.EdgeArgs {
	return edge.EdgeArgs{NodePort: ingressNodePort, ZoneID: e.ZoneID, Domain: e.Domain, Hosts: []string{e.host()}}
}

// host is the page's.
func (e Edge) host() string { return e.Webapp + "." + e.Domain }

func (b Backup) args(c *Config) storage.StorageArgs {
	return storage.StorageArgs{
		Account: c.AWS.Account, Class: storageClass, VolumesOf: clusterName, SnapshotHours: b.EveryHours, Snapshots: b.Keep,
	}
}

// inputs are outputs as what takes them wants them.
func inputs(outputs []pulumi.StringOutput) []pulumi.StringInput {
	var inputs []pulumi.StringInput
	for _, output := range outputs {
		inputs = append(inputs, output)
	}
	return inputs
}
