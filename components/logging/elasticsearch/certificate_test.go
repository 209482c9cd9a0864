package elasticsearch

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/keyring"
	"fleetman/components/recorder"
)

func TestTheCertificateIsTheAuthoritysAndForEveryNameOfTheService(t *testing.T) {
	run, err := recorder.Record("dev", false, func(ctx *pulumi.Context) error {
		authority := keyring.New(pulumi.String(strings.Repeat("seed", 8)), time.Now().Add(-time.Hour)).Authority("elasticsearch")
		certificate, key := issue(authority, "logs", pulumi.String("there"))
		ctx.Export("authority", authority.Certificate)
		ctx.Export("certificate", certificate)
		ctx.Export("key", key)
		ctx.Export("fits", pulumi.Unsecret(pulumi.All(certificate, key).ApplyT(func(pair []any) bool {
			_, err := tls.X509KeyPair([]byte(pair[0].(string)), []byte(pair[1].(string)))
			return err == nil
		})))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if run.Outputs["key"] != recorder.Masked || run.Outputs["fits"] != true {
		t.Errorf("the key is %v, and it fits: %v", run.Outputs["key"], run.Outputs["fits"])
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(run.Outputs["authority"].(string))) {
		t.Fatal("no authority")
	}
	block, _ := pem.Decode([]byte(run.Outputs["certificate"].(string)))
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"logs", "logs.there", "logs.there.svc", "logs.there.svc.cluster.local", "localhost"}
	if !slices.Equal(leaf.DNSNames, want) {
		t.Errorf("it is for %v, want %v", leaf.DNSNames, want)
	}
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} { // nodes call each other with it
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "logs.there.svc", KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
			t.Error(err)
		}
	}
}
