package edge

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	httpPort  = 80
	httpsPort = 443
	// policy is what of TLS is spoken: 1.3 and 1.2.
	policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
	// everywhere is the range of all of IPv4.
	everywhere = "0.0.0.0/0"
)

// NewEdge registers an edge. The name is at most 18 characters long, for AWS to have room for those that are made of it.
func NewEdge(ctx *pulumi.Context, name string, args *EdgeArgs, opts ...pulumi.ResourceOption) (*Edge, error) {
	if err := errors.Join(validateName(name), args.Validate()); err != nil {
		return nil, fmt.Errorf("validate edge %s: %w", name, err)
	}
	edge := &Edge{}
	if err := ctx.RegisterComponentResource(EdgeType, name, edge, opts...); err != nil {
		return nil, fmt.Errorf("register edge %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: *args, childOpts: []pulumi.ResourceOption{pulumi.Parent(edge)}}
	for _, step := range []func() error{b.securityGroup, b.balancer, b.certificate, b.listeners, b.records} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	edge.DNSName = b.nlb.DnsName
	if err := ctx.RegisterResourceOutputs(edge, pulumi.Map{"dnsName": edge.DNSName}); err != nil {
		return nil, fmt.Errorf("register outputs of edge %s: %w", name, err)
	}
	return edge, nil
}

// builder registers an edge's resources, each step with what those before it made.
type builder struct {
	ctx       *pulumi.Context
	name      string
	args      EdgeArgs
	childOpts []pulumi.ResourceOption

	group          pulumi.StringOutput // the load balancer's security group
	nlb            *lb.LoadBalancer
	certificateARN pulumi.StringOutput // known once the certificate is issued
}

// securityGroup registers the load balancer's, and who may speak to whom: the world to it, and it to the nodes.
func (b *builder) securityGroup() error {
	group, err := ec2.NewSecurityGroup(b.ctx, b.name+"-nlb", &ec2.SecurityGroupArgs{
		VpcId: b.args.VPC.ToStringOutput(), Description: pulumi.String("Load balancer of " + b.name),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register security group of %s: %w", b.name, err)
	}
	b.group = group.ID().ToStringOutput()
	nodePort := pulumi.Int(b.args.NodePort)
	for _, rule := range []struct {
		suffix string
		args   vpc.SecurityGroupIngressRuleArgs
	}{
		{"-http", vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: b.group, Description: pulumi.String("HTTP from the world"),
			CidrIpv4: pulumi.String(everywhere), FromPort: pulumi.Int(httpPort), ToPort: pulumi.Int(httpPort),
		}},
		{"-https", vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: b.group, Description: pulumi.String("HTTPS from the world"),
			CidrIpv4: pulumi.String(everywhere), FromPort: pulumi.Int(httpsPort), ToPort: pulumi.Int(httpsPort),
		}},
		{"-nodes", vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: b.args.NodeSecurityGroup, Description: pulumi.String("Ingress controller from the load balancer of " + b.name),
			ReferencedSecurityGroupId: b.group, FromPort: nodePort, ToPort: nodePort,
		}},
	} {
		rule.args.IpProtocol = pulumi.String("tcp")
		if _, err := vpc.NewSecurityGroupIngressRule(b.ctx, b.name+rule.suffix, &rule.args, b.childOpts...); err != nil {
			return fmt.Errorf("register rule %s%s: %w", b.name, rule.suffix, err)
		}
	}
	if _, err := vpc.NewSecurityGroupEgressRule(b.ctx, b.name+"-nodes", &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: b.group, Description: pulumi.String("Ingress controller on the nodes"),
		ReferencedSecurityGroupId: b.args.NodeSecurityGroup.ToStringOutput(),
		IpProtocol:                pulumi.String("tcp"), FromPort: nodePort, ToPort: nodePort,
	}, b.childOpts...); err != nil {
		return fmt.Errorf("register outward rule of %s: %w", b.name, err)
	}
	return nil
}

// balancer registers the load balancer. Its security groups are there from the start: one made without can't be given any.
func (b *builder) balancer() error {
	var subnets pulumi.StringArray
	for _, subnet := range b.args.Subnets {
		subnets = append(subnets, subnet)
	}
	nlb, err := lb.NewLoadBalancer(b.ctx, b.name+"-nlb", &lb.LoadBalancerArgs{
		LoadBalancerType:             pulumi.String("network"),
		Internal:                     pulumi.Bool(false),
		IpAddressType:                pulumi.String("ipv4"),
		Subnets:                      subnets,
		SecurityGroups:               pulumi.StringArray{b.group},
		EnableCrossZoneLoadBalancing: pulumi.Bool(true), // the controller need not run in every zone
		EnableDeletionProtection:     pulumi.Bool(b.args.Protect),
	}, append(b.childOpts, pulumi.Protect(b.args.Protect))...)
	if err != nil {
		return fmt.Errorf("register load balancer of %s: %w", b.name, err)
	}
	b.nlb = nlb
	return nil
}

// certificate registers the certificate, and proves to ACM by a record for each host that the hosts are ours.
func (b *builder) certificate() error {
	var others pulumi.StringArray
	for _, host := range b.args.Hosts[1:] {
		others = append(others, pulumi.String(host))
	}
	certificate, err := acm.NewCertificate(b.ctx, b.name+"-certificate", &acm.CertificateArgs{
		DomainName: pulumi.String(b.args.Hosts[0]), SubjectAlternativeNames: others, ValidationMethod: pulumi.String("DNS"),
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register certificate of %s: %w", b.name, err)
	}
	var proofs pulumi.StringArray
	for _, host := range b.args.Hosts {
		proof := proofOf(certificate, host)
		record, err := route53.NewRecord(b.ctx, b.name+"-proof-"+host, &route53.RecordArgs{
			ZoneId:  pulumi.String(b.args.ZoneID),
			Name:    proof.ResourceRecordName().Elem(),
			Type:    proof.ResourceRecordType().Elem(),
			Records: pulumi.StringArray{proof.ResourceRecordValue().Elem()},
			Ttl:     pulumi.Int(300),
		}, b.childOpts...)
		if err != nil {
			return fmt.Errorf("register proof of %s: %w", host, err)
		}
		proofs = append(proofs, record.Fqdn)
	}
	// Registered once ACM has seen the records and issued the certificate, which then renews as long as they stay.
	issued, err := acm.NewCertificateValidation(b.ctx, b.name+"-issued", &acm.CertificateValidationArgs{
		CertificateArn: certificate.Arn, ValidationRecordFqdns: proofs,
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register validation of the certificate of %s: %w", b.name, err)
	}
	b.certificateARN = issued.CertificateArn
	return nil
}

// proofOf is the record that proves a host. A preview may know for which hosts there will be one and nothing else of them, as
// empty strings; but then it doesn't know the certificate's ARN either, and with that asked for too, nothing is made of them.
func proofOf(certificate *acm.Certificate, host string) acm.CertificateDomainValidationOptionOutput {
	return pulumi.All(certificate.DomainValidationOptions, certificate.Arn).ApplyT(
		func(known []any) (acm.CertificateDomainValidationOption, error) {
			return pick(known[0].([]acm.CertificateDomainValidationOption), host) // the first of All
		},
	).(acm.CertificateDomainValidationOptionOutput) // what the function answers with
}

// pick finds a host's record by its name: they are a set to ACM, and come in no order of ours.
func pick(options []acm.CertificateDomainValidationOption, host string) (acm.CertificateDomainValidationOption, error) {
	for _, option := range options {
		if option.DomainName == nil || *option.DomainName != host {
			continue
		}
		if option.ResourceRecordName == nil || option.ResourceRecordType == nil || option.ResourceRecordValue == nil {
			return option, fmt.Errorf("the record that proves %s to ACM is incomplete", host)
		}
		return option, nil
	}
	return acm.CertificateDomainValidationOption{}, fmt.Errorf("ACM asks for no record that proves %s", host)
}

// listeners registers what the load balancer listens on, and where each leads to. The names of the target groups are Pulumi's,
// so that another node port makes new ones before the old ones go.
func (b *builder) listeners() error {
	for _, listener := range []struct {
		suffix string
		args   lb.ListenerArgs
	}{
		{"-http", lb.ListenerArgs{Port: pulumi.Int(httpPort), Protocol: pulumi.String("TCP")}},
		{"-https", lb.ListenerArgs{
			Port: pulumi.Int(httpsPort), Protocol: pulumi.String("TLS"), CertificateArn: b.certificateARN, SslPolicy: pulumi.String(policy),
		}},
	} {
		target, err := b.target(listener.suffix)
		if err != nil {
			return err
		}
		listener.args.LoadBalancerArn = b.nlb.Arn
		listener.args.DefaultActions = lb.ListenerDefaultActionArray{&lb.ListenerDefaultActionArgs{
			Type: pulumi.String("forward"), TargetGroupArn: target,
		}}
		if _, err := lb.NewListener(b.ctx, b.name+listener.suffix, &listener.args, b.childOpts...); err != nil {
			return fmt.Errorf("register listener %s%s: %w", b.name, listener.suffix, err)
		}
	}
	return nil
}

// target registers a target group with the nodes of all groups, and answers with its ARN.
func (b *builder) target(suffix string) (pulumi.StringOutput, error) {
	target, err := lb.NewTargetGroup(b.ctx, b.name+suffix, &lb.TargetGroupArgs{
		VpcId:           b.args.VPC.ToStringOutput(),
		TargetType:      pulumi.String("instance"),
		Protocol:        pulumi.String("TCP"),
		Port:            pulumi.Int(b.args.NodePort),
		ProxyProtocolV2: pulumi.Bool(true),
		// The header has the caller's address. As the packets' own it would break the calls of a node to itself by way of here.
		PreserveClientIp: pulumi.String("false"),
		HealthCheck: &lb.TargetGroupHealthCheckArgs{
			Protocol: pulumi.String("TCP"), Port: pulumi.String("traffic-port"),
			Interval: pulumi.Int(10), HealthyThreshold: pulumi.Int(2), UnhealthyThreshold: pulumi.Int(2),
		},
	}, b.childOpts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("register target group %s%s: %w", b.name, suffix, err)
	}
	for i, group := range b.args.AutoscalingGroups {
		name := b.name + suffix + "-" + strconv.Itoa(i)
		if _, err := autoscaling.NewAttachment(b.ctx, name, &autoscaling.AttachmentArgs{
			AutoscalingGroupName: group, LbTargetGroupArn: target.Arn,
		}, b.childOpts...); err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("register attachment %s: %w", name, err)
		}
	}
	return target.Arn, nil
}

func (b *builder) records() error {
	for _, host := range b.args.Hosts {
		if _, err := route53.NewRecord(b.ctx, b.name+"-alias-"+host, &route53.RecordArgs{
			ZoneId: pulumi.String(b.args.ZoneID),
			Name:   pulumi.String(host),
			Type:   pulumi.String("A"),
			Aliases: route53.RecordAliasArray{&route53.RecordAliasArgs{
				Name: b.nlb.DnsName, ZoneId: b.nlb.ZoneId, EvaluateTargetHealth: pulumi.Bool(true),
			}},
		}, b.childOpts...); err != nil {
			return fmt.Errorf("register record of %s: %w", host, err)
		}
	}
	return nil
}
