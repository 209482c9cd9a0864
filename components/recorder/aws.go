package recorder

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// The account and the region in which recorded AWS resources are.
const (
	Account = "123456789012"
	Region  = "us-east-1"
)

// computed are, by type, the outputs of an AWS resource that its inputs don't hold and that others are wired by. All have an
// arn besides.
var computed = map[string]func(name string, inputs resource.PropertyMap) map[string]any{
	"aws:acm/certificate:Certificate": func(_ string, inputs resource.PropertyMap) map[string]any {
		hosts := []resource.PropertyValue{inputs["domainName"]}
		if more := inputs["subjectAlternativeNames"]; more.IsArray() {
			hosts = append(hosts, more.ArrayValue()...)
		}
		var options []any
		for _, host := range hosts {
			host := host.StringValue()
			options = append(options, map[string]any{
				"domainName": host, "resourceRecordName": "_validate." + host + ".", "resourceRecordType": "CNAME", "resourceRecordValue": "_" + host + ".acm-validations.aws.",
			})
		}
		return map[string]any{"domainValidationOptions": options}
	},
	"aws:acm/certificateValidation:CertificateValidation": func(_ string, inputs resource.PropertyMap) map[string]any {
		return map[string]any{"certificateArn": inputs["certificateArn"].V}
	},
	"aws:ecr/repository:Repository": func(_ string, inputs resource.PropertyMap) map[string]any {
		return map[string]any{"repositoryUrl": fmt.Sprintf("%s.dkr.ecr.%s.amazonaws.com/%s", Account, Region, inputs["name"].StringValue())}
	},
	"aws:eks/cluster:Cluster": func(name string, _ resource.PropertyMap) map[string]any {
		return map[string]any{
			"endpoint":               "https://" + name + ".eks." + Region + ".amazonaws.com",
			"certificateAuthority":   map[string]any{"data": "Y2VydGlmaWNhdGU="},
			"certificateAuthorities": []any{map[string]any{"data": "Y2VydGlmaWNhdGU="}},
			"vpcConfig":              map[string]any{"clusterSecurityGroupId": name + "-security-group-id"},
		}
	},
	"aws:eks/nodeGroup:NodeGroup": func(name string, _ resource.PropertyMap) map[string]any {
		return map[string]any{"resources": []any{map[string]any{"autoscalingGroups": []any{map[string]any{"name": name + "-autoscaling-group"}}}}}
	},
	"aws:kms/key:Key": func(name string, _ resource.PropertyMap) map[string]any {
		return map[string]any{"keyId": name + "-key-id"}
	},
	"aws:lb/loadBalancer:LoadBalancer": func(name string, _ resource.PropertyMap) map[string]any {
		return map[string]any{"dnsName": name + ".elb." + Region + ".amazonaws.com", "zoneId": "ZELB"}
	},
	"aws:ec2/launchTemplate:LaunchTemplate": func(string, resource.PropertyMap) map[string]any { return map[string]any{"latestVersion": 1.0} },
	"aws:route53/record:Record": func(_ string, inputs resource.PropertyMap) map[string]any {
		return map[string]any{"fqdn": inputs["name"].V}
	},
	"aws:ec2/vpc:Vpc": func(name string, _ resource.PropertyMap) map[string]any {
		return map[string]any{
			"defaultSecurityGroupId": name + "-default-security-group-id", "defaultRouteTableId": name + "-default-route-table-id",
			"defaultNetworkAclId": name + "-default-network-acl-id", "mainRouteTableId": name + "-default-route-table-id",
		}
	},
}

// awsOutputs are the inputs of an AWS resource and what AWS would add.
func awsOutputs(typ, name string, inputs resource.PropertyMap) resource.PropertyMap {
	outputs := inputs.Copy()
	service, kind, _ := strings.Cut(strings.TrimPrefix(typ, "aws:"), "/")
	kind, _, _ = strings.Cut(kind, ":")
	added := map[string]any{"arn": fmt.Sprintf("arn:aws:%s:%s:%s:%s/%s", service, Region, Account, strings.ToLower(kind), name)}
	switch {
	case service == "iam":
		added["arn"] = fmt.Sprintf("arn:aws:iam::%s:%s/%s", Account, strings.ToLower(kind), name)
	case typ == "aws:s3/bucketV2:BucketV2":
		added["arn"] = "arn:aws:s3:::" + inputs["bucket"].StringValue()
	}
	if named, ok := inputs["name"]; !ok || !named.IsString() {
		added["name"] = name + "-auto"
	}
	if more, ok := computed[typ]; ok {
		maps.Copy(added, more(name, inputs))
	}
	for key, value := range resource.NewPropertyMapFromMap(added) {
		if given, ok := outputs[key]; ok && given.IsObject() && value.IsObject() {
			both := given.ObjectValue().Copy()
			maps.Copy(both, value.ObjectValue())
			value = resource.NewProperty(both)
		}
		outputs[key] = value
	}
	return outputs
}
