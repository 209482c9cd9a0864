package stacks

import (
	"maps"
	"strings"
	"testing"

	"fleetman/components/recorder"
	"fleetman/stacks/policy"
)

// judged are recorded resources as the rules see them.
func judged(run *recorder.Run) []policy.Resource {
	var resources []policy.Resource
	for _, r := range run.Resources {
		resources = append(resources, policy.Resource{
			URN: r.URN, Type: r.Type, Name: r.Name, Provider: r.Provider, Custom: r.Custom, Protect: r.Protect, DependsOn: r.DependsOn, Inputs: r.Inputs,
		})
	}
	return resources
}

func TestEveryStackKeepsTheRulesHoweverItIsConfigured(t *testing.T) {
	for name, test := range map[string]struct {
		stack string
		set   map[string]string
	}{
		"dev":                     {dev, nil},
		"dev with all":            {dev, map[string]string{"fleetman:logging": `{"enabled":true}`}},
		"dev with neither":        {dev, map[string]string{"fleetman:monitoring": `{"enabled":false}`}},
		"prod with one log node":  {prod, map[string]string{"fleetman:logging": `{"enabled":true,"nodes":1}`}},
		"prod without logging":    {prod, map[string]string{"fleetman:logging": `{"enabled":false}`}},
		"dev with the console":    {dev, map[string]string{"fleetman:activemq": `{"console":true}`}},
		"bootstrap":               {bootstrap, nil},
		"bootstrap unprotected":   {bootstrap, map[string]string{"fleetman:protect": "false"}},
		"prod":                    {prod, nil},
		"prod unprotected":        {prod, map[string]string{"fleetman:protect": "false"}},
		"prod with one member":    {prod, map[string]string{"fleetman:mongodb": `{"members":1}`, "fleetman:mongodbKeyfile": ""}},
		"prod with endpoints":     {prod, map[string]string{"fleetman:network": `{"zones":["us-east-1a","us-east-1b","us-east-1c"],"nat":"single","interfaceEndpoints":true}`}},
		"prod without a public":   {prod, map[string]string{"fleetman:cluster": `{"admins":["arn:aws:iam::123456789012:role/Administrator"]}`}},
		"prod on ARM":             {prod, map[string]string{"fleetman:images": `{"arch":"arm64"}`, "fleetman:nodes": `{"generalTypes":["m7g.large"],"dataTypes":["r7g.large"]}`}},
		"prod with others for CI": {prod, map[string]string{"fleetman:ci": `{"principals":["arn:aws:iam::123456789012:role/Releases"]}`}},
		"prod without AWS":        {prod, map[string]string{"fleetman:aws": `{"account":"123456789012","region":"us-east-1","offline":true}`}},
	} {
		t.Run(name, func(t *testing.T) {
			raw := values(t, test.stack)
			maps.Copy(raw.Values, test.set)
			run, err := record(t, newWorld(t), raw, strings.Contains(raw.Values["fleetman:aws"], "offline")) // which can only be previewed
			if err != nil {
				t.Fatal(err)
			}
			resources := judged(run)
			for _, violation := range policy.Check(resources) {
				t.Errorf("%s: %s: %s", violation.URN, violation.Rule, violation.Message)
			}
			if unknown := policy.Unknown(resources); len(unknown) != 0 {
				t.Errorf("not judged: %v", unknown)
			}
		})
	}
}
