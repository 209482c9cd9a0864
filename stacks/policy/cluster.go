package policy

import "slices"

func clusterRules() []Rule {
	return []Rule{
		{
			Name:  "cluster-logs",
			Why:   "what isn't logged in the control plane can't be found out afterwards",
			Check: of(clusterLogs, clusterType),
		},
		{
			Name:  "cluster-access",
			Why:   "who is an administrator is declared, and not who happened to make the cluster or to edit a ConfigMap",
			Check: of(clusterAccess, clusterType),
		},
		{
			Name:  "cluster-endpoint",
			Why:   "an API that the world reaches is one stolen token away from being the world's",
			Check: of(clusterEndpoint, clusterType),
		},
		{
			Name:  "cluster-support",
			Why:   "extended support costs six times as much, by default and silently",
			Check: of(clusterSupport, clusterType),
		},
	}
}

func clusterLogs(_ []Resource, r Resource, f *findings) {
	logs := texts(r.Inputs, "enabledClusterLogTypes.*")
	for _, log := range []string{"api", "audit", "authenticator", "controllerManager", "scheduler"} {
		f.refuse(!slices.Contains(logs, log), "it doesn't log %s", log)
	}
}

func clusterAccess(_ []Resource, r Resource, f *findings) {
	mode := text(r.Inputs, "accessConfig.authenticationMode")
	f.refuse(mode != "API", "its authentication mode is %q, want API", mode)
	f.refuse(!is(r.Inputs, "accessConfig.bootstrapClusterCreatorAdminPermissions", false), "whoever makes it is its administrator")
}

// clusterEndpoint wants the public endpoint switched off in so many words: without any, AWS switches it on, for the world.
func clusterEndpoint(_ []Resource, r Resource, f *findings) {
	f.refuse(!on(r.Inputs, "vpcConfig.endpointPrivateAccess"), "it has no private endpoint")
	if is(r.Inputs, "vpcConfig.endpointPublicAccess", false) {
		return
	}
	ranges := texts(r.Inputs, "vpcConfig.publicAccessCidrs.*")
	f.refuse(len(ranges) == 0, "its public endpoint is open to the world")
	for _, cidr := range ranges {
		f.refuse(wide(cidr), "its public endpoint is open to %s", cidr)
	}
}

func clusterSupport(_ []Resource, r Resource, f *findings) {
	f.refuse(!is(r.Inputs, "upgradePolicy.supportType", "STANDARD"), "its support isn't STANDARD")
}
