package keyring_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/keyring"
	"fleetman/components/recorder"
)

var issued = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const seed = "a seed of more than 32 characters"

// derived is what a keyring of the seed gives.
func derived(t *testing.T, seed string, issued time.Time) map[string]string {
	t.Helper()
	run, err := recorder.Record("dev", false, func(ctx *pulumi.Context) error {
		keys := keyring.New(pulumi.String(seed), issued)
		authority := keys.Authority("logs")
		pair := authority.Issue("server", "server.example", "127.0.0.1")
		other := keys.Authority("other").Issue("server", "server.example", "127.0.0.1")
		for name, output := range map[string]pulumi.StringOutput{
			"one": keys.Password("one"), "two": keys.Password("two"), "key": pair.Key, "other key": other.Key,
			"authority": authority.Certificate, "certificate": pair.Certificate, "other": other.Certificate,
		} {
			if output.OutputState == nil {
				t.Fatalf("%s is nothing", name)
			}
			ctx.Export(name, pulumi.Unsecret(output))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for name, value := range run.Outputs {
		all[name], _ = value.(string)
	}
	return all
}

func TestASeedGivesTheSameEachTimeAndAnotherSeedGivesOthers(t *testing.T) {
	first, again := derived(t, seed, issued), derived(t, seed, issued)
	other, later := derived(t, seed+".", issued), derived(t, seed, issued.AddDate(1, 0, 0))
	for name, value := range first {
		if value == "" || again[name] != value {
			t.Errorf("%s: %q, then %q", name, value, again[name])
		}
		if other[name] == value {
			t.Errorf("%s is the same of another seed", name)
		}
		if isCertificate := strings.Contains(value, "BEGIN CERT"); isCertificate == (later[name] == value) {
			t.Errorf("%s of another date: same is %t", name, later[name] == value)
		}
	}
}

func TestWhatIsForAnotherPurposeIsAnother(t *testing.T) {
	all := derived(t, seed, issued)
	for _, pair := range [][2]string{{"one", "two"}, {"key", "other key"}, {"certificate", "other"}} {
		if all[pair[0]] == all[pair[1]] {
			t.Errorf("%s is also %s", pair[0], pair[1])
		}
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(all["one"]) {
		t.Errorf("the password is %d characters, or not of the alphabet", len(all["one"]))
	}
}

// TestACertificateIsTrustedByItsAuthorityAlone speaks TLS in both directions with what was derived.
func TestACertificateIsTrustedByItsAuthorityAlone(t *testing.T) {
	all := derived(t, seed, issued)
	pair, err := tls.X509KeyPair([]byte(all["certificate"]), []byte(all["key"]))
	if err != nil {
		t.Fatal(err)
	}
	pool := func(name string) *x509.CertPool {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM([]byte(all[name])) {
			t.Fatalf("%s is no certificate", name)
		}
		return pool
	}
	during := func() time.Time { return issued.Add(time.Hour) }
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool("authority"), ClientAuth: tls.RequireAndVerifyClientCert, Time: during}
	server.StartTLS()
	defer server.Close()
	for name, test := range map[string]struct {
		trusts string
		now    time.Time
		host   string
		ok     bool
	}{
		"by address":        {"authority", issued.Add(time.Hour), "", true},
		"by name":           {"authority", issued.Add(time.Hour), "server.example", true},
		"by another name":   {"authority", issued.Add(time.Hour), "else.example", false},
		"another authority": {"other", issued.Add(time.Hour), "", false},
		"before its time":   {"authority", issued.Add(-time.Hour), "", false},
		"after its time":    {"authority", issued.Add(keyring.Lifetime + time.Hour), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
				RootCAs: pool(test.trusts), Certificates: []tls.Certificate{pair}, ServerName: test.host,
				Time: func() time.Time { return test.now },
			}}}
			response, err := client.Get(server.URL)
			if err == nil {
				io.Copy(io.Discard, response.Body) //nolint:errcheck // it has none
				response.Body.Close()
			}
			if (err == nil) != test.ok {
				t.Errorf("it is %v", err)
			}
		})
	}
}

func TestWhatTellsOfTheSeedIsSecretAndCertificatesAreNot(t *testing.T) {
	run, err := recorder.Record("dev", false, func(ctx *pulumi.Context) error {
		keys := keyring.New(pulumi.String(seed), issued)
		authority := keys.Authority("logs")
		pair := authority.Issue("server")
		ctx.Export("password", keys.Password("one"))
		ctx.Export("key", pair.Key)
		ctx.Export("authority", authority.Certificate)
		ctx.Export("certificate", pair.Certificate)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]bool{"password": true, "key": true, "authority": false, "certificate": false} {
		if (run.Outputs[name] == recorder.Masked) != secret {
			t.Errorf("%s: %v", name, run.Outputs[name])
		}
	}
}

func TestAShortSeedIsRefusedAndNotShown(t *testing.T) {
	_, err := recorder.Record("dev", false, func(ctx *pulumi.Context) error {
		ctx.Export("password", keyring.New(pulumi.String("tell-nobody"), issued).Password("one"))
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "11 characters, want 32") || strings.Contains(err.Error(), "tell-nobody") {
		t.Errorf("the error is %v", err)
	}
}
