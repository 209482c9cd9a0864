package policy_test

const ingressRule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"

func inlineRule(cidrs, protocol string, from, to float64) any {
	return []any{map[string]any{"cidrBlocks": []any{cidrs}, "protocol": protocol, "fromPort": from, "toPort": to}}
}

var networkTrials = []trial{
	{rule: "world-ports", name: "another port", changes: []change{set("edge-http", "fromPort", 22.0), set("edge-http", "toPort", 22.0)}, want: "ports 22 to 22"},
	{rule: "world-ports", name: "a range from 80", changes: []change{set("edge-http", "toPort", 443.0)}, want: "ports 80 to 443"},
	{rule: "world-ports", name: "all protocols", changes: []change{set("edge-http", "ipProtocol", "-1")}, want: "of protocol -1"},
	{rule: "world-ports", name: "UDP", changes: []change{set("edge-https", "ipProtocol", "udp")}, want: "of protocol udp"},
	{rule: "world-ports", name: "no port", changes: []change{drop("edge-http", "fromPort")}, want: "ports unknown to 80"},
	{
		rule: "world-ports", name: "of version 6", want: "lets ::/0 in",
		changes: []change{drop("edge-http", "cidrIpv4"), set("edge-http", "cidrIpv6", "::/0"), set("edge-http", "toPort", 81.0)},
	},
	{
		rule: "world-ports", name: "half the world", want: "lets 128.0.0.0/1 in",
		changes: []change{set("edge-http", "cidrIpv4", "128.0.0.0/1"), set("edge-http", "toPort", 81.0)},
	},
	{
		rule: "world-ports", name: "the world of version 4 in version 6", want: "lets ::ffff:0.0.0.0/96 in",
		changes: []change{set("edge-http", "cidrIpv4", "::ffff:0.0.0.0/96"), set("edge-http", "toPort", 81.0)},
	},
	{
		rule: "world-ports", name: "a range that is none", want: "lets everywhere in",
		changes: []change{set("edge-http", "cidrIpv4", "everywhere"), set("edge-http", "toPort", 81.0)},
	},
	{rule: "world-ports", name: "inline", changes: []change{set("edge-group", "ingress", inlineRule("0.0.0.0/0", "-1", 0, 0))}, want: "of protocol -1"},
	{
		rule: "world-ports", name: "the older rule", want: "ports 22 to 22",
		changes: []change{another("vpc", "aws:ec2/securityGroupRule:SecurityGroupRule",
			`{"type":"ingress","cidrBlocks":["10.0.0.0/8","0.0.0.0/0"],"protocol":"tcp","fromPort":22,"toPort":22}`, map[string]string{"securityGroupId": "edge-group"})},
	},
	{name: "the older rule, out", changes: []change{another("vpc", "aws:ec2/securityGroupRule:SecurityGroupRule",
		`{"type":"egress","cidrBlocks":["0.0.0.0/0"],"protocol":"-1","fromPort":0,"toPort":0}`, map[string]string{"securityGroupId": "node-group"})}},
	{name: "inline, 443 at the load balancer", changes: []change{set("edge-group", "ingress", inlineRule("0.0.0.0/0", "tcp", 443, 443))}},
	{name: "a network of ours on any port", changes: []change{set("node-group", "ingress", inlineRule("10.0.0.0/8", "-1", 0, 0))}},
	{name: "the widest networks that somebody could have", changes: []change{
		set("node-group", "ingress", []any{map[string]any{
			"cidrBlocks": []any{"10.0.0.0/8", "::ffff:10.0.0.0/104"}, "ipv6CidrBlocks": []any{"fd00::/16"}, "protocol": "-1", "fromPort": 0.0, "toPort": 0.0,
		}}),
	}},
	{name: "one machine of version 6", changes: []change{set("node-edge", "cidrIpv6", "2001:db8::1/128")}},

	{rule: "world-groups", name: "the nodes' group", changes: []change{set("node-group", "ingress", inlineRule("0.0.0.0/0", "tcp", 443, 443))}, want: "into node-group, which no load balancer uses"},
	{
		rule: "world-groups", name: "a rule of the nodes' group", want: "into node-group",
		changes: []change{another("vpc", ingressRule, `{"cidrIpv4":"0.0.0.0/0","ipProtocol":"tcp","fromPort":80,"toPort":80}`, map[string]string{"securityGroupId": "node-group"})},
	},
	{
		rule: "world-groups", name: "a group of somebody else's", want: "isn't the stack's",
		changes: []change{another("vpc", ingressRule, `{"securityGroupId":"sg-1","cidrIpv6":"::/0","ipProtocol":"tcp","fromPort":80,"toPort":80}`, nil)},
	},
	{rule: "world-groups", name: "the load balancer has none", changes: []change{unknown("balancer", "securityGroups", "vpc")}, want: "into edge-group"},

	{rule: "default-group-empty", name: "not declared", changes: []change{remove("vpc-default")}, want: "isn't declared"},
	{rule: "default-group-empty", name: "in", changes: []change{set("vpc-default", "ingress", inlineRule("10.0.0.0/16", "-1", 0, 0))}, want: "it has ingress rules"},
	{rule: "default-group-empty", name: "out", changes: []change{set("vpc-default", "egress", inlineRule("0.0.0.0/0", "-1", 0, 0))}, want: "it has egress rules"},
	{
		rule: "default-group-empty", name: "a rule of it", want: "a rule of the default",
		changes: []change{another("vpc", ingressRule, `{"cidrIpv4":"10.0.0.0/16","ipProtocol":"-1"}`, map[string]string{"securityGroupId": "vpc-default"})},
	},

	{rule: "no-public-addresses", name: "a subnet", changes: []change{set("subnet", "mapPublicIpOnLaunch", true)}, want: "public addresses"},
	{
		rule: "no-public-addresses", name: "a launch template", want: "public addresses",
		changes: []change{set("template", "networkInterfaces", []any{map[string]any{"associatePublicIpAddress": "true"}})},
	},
	{name: "a subnet that doesn't say", changes: []change{drop("subnet", "mapPublicIpOnLaunch")}},
}

var balancerTrials = []trial{
	{rule: "balancer-stays", name: "may be deleted", changes: []change{set("balancer", "enableDeletionProtection", false)}, want: "protected in the stack and not in AWS"},
	{rule: "balancer-stays", name: "zones alone", changes: []change{drop("balancer", "enableCrossZoneLoadBalancing")}, want: "stays in the zone"},
	{rule: "balancer-stays", name: "another kind", changes: []change{set("balancer", "loadBalancerType", "application")}, want: "isn't network"},
	{name: "not protected in either", changes: []change{set("balancer", "enableDeletionProtection", false), protect("balancer", false)}},

	{rule: "target-proxy", name: "no PROXY protocol", changes: []change{set("targets", "proxyProtocolV2", false)}, want: "PROXY protocol's version 2"},
	{rule: "target-proxy", name: "HTTP", changes: []change{set("targets", "healthCheck.protocol", "HTTP")}, want: "health check isn't TCP"},
	{rule: "target-proxy", name: "no health check", changes: []change{drop("targets", "healthCheck")}, want: "health check isn't TCP"},

	{rule: "listener-tls", name: "80 with TLS", changes: []change{set("listener-http", "protocol", "TLS")}, want: `port 80 is "TLS"`},
	{rule: "listener-tls", name: "443 without", changes: []change{set("listener-https", "protocol", "TCP")}, want: `port 443 is "TCP"`},
	{rule: "listener-tls", name: "an old policy", changes: []change{set("listener-https", "sslPolicy", "ELBSecurityPolicy-2016-08")}, want: "isn't one of TLS 1.3"},
	{rule: "listener-tls", name: "TLS 1.0 beside 1.3", changes: []change{set("listener-https", "sslPolicy", "ELBSecurityPolicy-TLS13-1-0-2021-06")}, want: "isn't one of TLS 1.3"},
	{rule: "listener-tls", name: "old ciphers", changes: []change{set("listener-https", "sslPolicy", "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06")}, want: "isn't one of TLS 1.3"},
	{rule: "listener-tls", name: "no policy", changes: []change{drop("listener-https", "sslPolicy")}, want: "isn't one of TLS 1.3"},
	{rule: "listener-tls", name: "another port", changes: []change{set("listener-http", "port", 8080.0)}, want: "listens on port 8080"},
	{
		rule: "listener-tls", name: "no certificate", want: "no certificate",
		changes: []change{another("vpc", "aws:lb/listener:Listener", `{"port":443,"protocol":"TLS","sslPolicy":"ELBSecurityPolicy-TLS13-1-3-2021-06"}`, nil)},
	},
	{name: "post-quantum", changes: []change{set("listener-https", "sslPolicy", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09")}},
}
