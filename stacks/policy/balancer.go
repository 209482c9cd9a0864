package policy

import (
	"regexp"
)

func balancerRules() []Rule {
	return []Rule{
		{
			Name:  "balancer-stays",
			Why:   "a deleted load balancer takes the name that the world knows with it, and a zone alone can be lost",
			Check: of(balancerStays, balancerType),
		},
		{
			Name:  "target-proxy",
			Why:   "without the PROXY protocol the ingress controller neither knows who asks nor whether it was by TLS",
			Check: of(targetProxy, targetGroupType),
		},
		{
			Name:  "listener-tls",
			Why:   "an old protocol or cipher can be broken; port 80 is there to be redirected",
			Check: of(listenerTLS, listenerType),
		},
	}
}

func balancerStays(_ []Resource, r Resource, f *findings) {
	f.refuse(!is(r.Inputs, "loadBalancerType", "network"), "its type isn't network")
	f.refuse(r.Protect && !on(r.Inputs, "enableDeletionProtection"), "it is protected in the stack and not in AWS")
	f.refuse(!on(r.Inputs, "enableCrossZoneLoadBalancing"), "a zone's traffic stays in the zone, whoever answers there")
}

func targetProxy(_ []Resource, r Resource, f *findings) {
	f.refuse(!on(r.Inputs, "proxyProtocolV2"), "it doesn't send the PROXY protocol's version 2")
	f.refuse(!is(r.Inputs, "healthCheck.protocol", "TCP"), "its health check isn't TCP, and one of HTTP knows no PROXY protocol")
}

// modern are the policies of TLS 1.2 and 1.3 and of forward secrecy alone; those with Ext have older ciphers too.
var modern = regexp.MustCompile(`^ELBSecurityPolicy-TLS13-1-[23](-(Res|FIPS|PQ))*-20\d\d-\d\d$`)

func listenerTLS(_ []Resource, r Resource, f *findings) {
	protocol := text(r.Inputs, "protocol")
	switch r.Inputs["port"] {
	case 80.0:
		f.refuse(protocol != "TCP", "port 80 is %q, want TCP", protocol)
	case 443.0:
		f.refuse(protocol != "TLS", "port 443 is %q, want TLS", protocol)
		policy := text(r.Inputs, "sslPolicy")
		f.refuse(!modern.MatchString(policy), "its policy %q isn't one of TLS 1.3 such as ELBSecurityPolicy-TLS13-1-2-2021-06", policy)
		f.refuse(text(r.Inputs, "certificateArn") == "" && len(r.sources("certificateArn")) == 0, "it has no certificate")
	default:
		f.refuse(true, "it listens on port %s, want 80 or 443", port(r.Inputs["port"]))
	}
}
