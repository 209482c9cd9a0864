package edge

import (
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func option(host string) acm.CertificateDomainValidationOption {
	return acm.CertificateDomainValidationOption{
		DomainName: new(host), ResourceRecordName: new("_x." + host + "."),
		ResourceRecordType: new("CNAME"), ResourceRecordValue: new("_" + host + ".acm-validations.aws."),
	}
}

func TestAHostsProofIsFoundByItsNameInWhateverOrder(t *testing.T) {
	incomplete := acm.CertificateDomainValidationOption{DomainName: new("c.example.com")}
	options := []acm.CertificateDomainValidationOption{{}, incomplete, option("b.example.com"), option("a.example.com")}
	for host, want := range map[string]struct{ name, err string }{
		"a.example.com": {name: "_x.a.example.com."},
		"b.example.com": {name: "_x.b.example.com."},
		"c.example.com": {err: "the record that proves c.example.com to ACM is incomplete"},
		"d.example.com": {err: "ACM asks for no record that proves d.example.com"},
	} {
		got, err := pick(options, host)
		switch {
		case want.err != "":
			if err == nil || err.Error() != want.err {
				t.Errorf("%s: error %v, want %s", host, err, want.err)
			}
		case err != nil:
			t.Errorf("%s: %v", host, err)
		case *got.ResourceRecordName != want.name:
			t.Errorf("%s: record %s, want %s", host, *got.ResourceRecordName, want.name)
		}
	}
}

// early answers as AWS's provider does in the preview of a certificate that isn't there yet: the hosts are known, and no more.
type early struct {
	mu      sync.Mutex
	records []resource.PropertyMap
}

func (e *early) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

func (e *early) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	outputs := args.Inputs.Copy()
	switch {
	case args.TypeToken == "aws:acm/certificate:Certificate":
		outputs["domainValidationOptions"] = resource.NewPropertyValue([]any{map[string]any{"domainName": "a.example.com"}})
	case strings.HasPrefix(args.TypeToken, "aws:route53/"):
		e.records = append(e.records, args.Inputs)
	}
	return "", outputs, nil
}

func TestAPreviewMakesNothingOfAProofThatIsNotKnownYet(t *testing.T) {
	monitor := &early{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		b := &builder{ctx: ctx, name: "edge", args: EdgeArgs{ZoneID: "Z1", Hosts: []string{"a.example.com"}}}
		return b.certificate()
	}, pulumi.WithMocks("fleetman", "prod", monitor), func(info *pulumi.RunInfo) { info.DryRun = true })
	if err != nil {
		t.Fatal(err)
	}
	if len(monitor.records) != 1 {
		t.Fatalf("%d records, want 1", len(monitor.records))
	}
	for _, key := range []resource.PropertyKey{"name", "type"} {
		if value, known := monitor.records[0][key]; known {
			t.Errorf("%s is known to be %v", key, value)
		}
	}
}
