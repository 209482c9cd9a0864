package keyring

import (
	"crypto/ecdsa"
	"crypto/x509"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Keyring is a stack's passwords and certificates.
type Keyring struct {
	seed   pulumi.StringOutput
	issued time.Time
}

// New is the keyring of a seed, a secret of at least MinSeed characters, whose certificates hold from the time issued on.
func New(seed pulumi.StringInput, issued time.Time) *Keyring {
	return &Keyring{seed: pulumi.ToSecret(seed).(pulumi.StringOutput), issued: issued} // ToSecret keeps the type
}

// Password is the password for a purpose, a secret: 43 characters of A-Z, a-z, 0-9, - and _.
func (k *Keyring) Password(purpose string) pulumi.StringOutput {
	return k.derive(func(seed string) (string, error) { return password(seed, purpose) })
}

// Authority signs certificates for one purpose.
type Authority struct {
	// Certificate is its own, in PEM, by which the others are trusted. It is no secret.
	Certificate pulumi.StringOutput

	keyring *Keyring
	purpose string
}

// Authority is the authority for a purpose.
func (k *Keyring) Authority(purpose string) *Authority {
	own := k.derive(func(seed string) (string, error) {
		a, err := newAuthority(seed, purpose, k.issued)
		if err != nil {
			return "", err
		}
		return certificatePEM(a.certificate), nil
	})
	return &Authority{Certificate: public(own), keyring: k, purpose: purpose}
}

// Pair is a certificate and its key.
type Pair struct {
	// Certificate is in PEM and no secret.
	Certificate pulumi.StringOutput
	// Key is in PEM, in PKCS #8, and a secret.
	Key pulumi.StringOutput
}

// Issue is a certificate for hosts, which are DNS names or IP addresses, to serve and to call with.
func (a *Authority) Issue(name string, hosts ...string) *Pair {
	part := func(of func(*x509.Certificate, *ecdsa.PrivateKey) (string, error)) pulumi.StringOutput {
		return a.keyring.derive(func(seed string) (string, error) {
			authority, err := newAuthority(seed, a.purpose, a.keyring.issued)
			if err != nil {
				return "", err
			}
			certificate, key, err := authority.issue(seed, name, hosts)
			if err != nil {
				return "", err
			}
			return of(certificate, key)
		})
	}
	return &Pair{
		Certificate: public(part(func(c *x509.Certificate, _ *ecdsa.PrivateKey) (string, error) { return certificatePEM(c), nil })),
		Key:         part(func(_ *x509.Certificate, key *ecdsa.PrivateKey) (string, error) { return keyPEM(key) }),
	}
}

func (k *Keyring) derive(from func(seed string) (string, error)) pulumi.StringOutput {
	return k.seed.ApplyT(from).(pulumi.StringOutput) // ApplyT of a function to string
}

// public is what came of the seed and tells nothing about it.
func public(output pulumi.StringOutput) pulumi.StringOutput {
	return pulumi.Unsecret(output).(pulumi.StringOutput) // Unsecret keeps the type
}
