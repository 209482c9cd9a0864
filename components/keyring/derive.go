package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"
)

// MinSeed is how many characters a seed has at least.
const MinSeed = 32

// Lifetime is how long a certificate holds.
const Lifetime = 10 * 365 * 24 * time.Hour

// bytes are what the seed gives for a purpose.
func bytes(seed, purpose string) ([]byte, error) {
	if len(seed) < MinSeed {
		return nil, fmt.Errorf("the seed has %d characters, want %d or more", len(seed), MinSeed)
	}
	key, err := hkdf.Key(sha256.New, []byte(seed), nil, "fleetman "+purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	return key, nil
}

// password is 43 characters of A-Z, a-z, 0-9, - and _.
func password(seed, purpose string) (string, error) {
	key, err := bytes(seed, "password "+purpose)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(key), nil
}

// privateKey is a key of P-256. Not every 32 bytes are one, though all but one in 2^32 are; those that aren't are passed over.
func privateKey(seed, purpose string) (*ecdsa.PrivateKey, error) {
	for attempt := range 8 {
		scalar, err := bytes(seed, fmt.Sprintf("key %s %d", purpose, attempt))
		if err != nil {
			return nil, err
		}
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar); err == nil {
			return key, nil
		}
	}
	return nil, fmt.Errorf("the seed gives no key for %s", purpose)
}

// signer signs the same the same way each time: without a source of randomness, ecdsa's signature is that of RFC 6979.
type signer struct{ *ecdsa.PrivateKey }

func (s signer) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.PrivateKey.Sign(nil, digest, opts)
}

// authority is a certificate that signs others.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(seed, purpose string, issued time.Time) (*authority, error) {
	key, err := privateKey(seed, "authority "+purpose)
	if err != nil {
		return nil, err
	}
	template := certificate("fleetman "+purpose, "authority "+purpose, issued)
	template.IsCA, template.MaxPathLenZero = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	signed, err := sign(template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &authority{certificate: signed, key: key}, nil
}

// issue signs a certificate for the hosts, names or addresses, with which they both serve and call.
func (a *authority) issue(seed, name string, hosts []string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	purpose := fmt.Sprintf("certificate %q %q", a.certificate.Subject.CommonName, name)
	key, err := privateKey(seed, purpose)
	if err != nil {
		return nil, nil, err
	}
	template := certificate(name, fmt.Sprintf("%s %q", purpose, hosts), a.certificate.NotBefore)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, host)
	}
	signed, err := sign(template, a.certificate, &key.PublicKey, a.key)
	return signed, key, err
}

// certificate is one to be signed. Its serial number says what it is for and since when, so that no two of an authority are alike.
func certificate(name, purpose string, issued time.Time) *x509.Certificate {
	serial := sha256.Sum256([]byte(purpose + issued.UTC().Format(time.RFC3339)))
	return &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial[:16]),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             issued.UTC(),
		NotAfter:              issued.UTC().Add(Lifetime),
		BasicConstraintsValid: true,
	}
}

func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(nil, template, parent, public, signer{key})
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	return signed, nil
}

func certificatePEM(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

// keyPEM is a key in PKCS #8, the form that every reader takes.
func keyPEM(key *ecdsa.PrivateKey) (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("encode key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}
