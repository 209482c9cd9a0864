package network_test

import (
	"net/netip"
	"testing"

	"fleetman/components/network"
)

// ranges is the ranges of three subnets.
func ranges(a, b, c string) [3]netip.Prefix {
	return [3]netip.Prefix{netip.MustParsePrefix(a), netip.MustParsePrefix(b), netip.MustParsePrefix(c)}
}

func TestTheLayoutOfAVPCIsThis(t *testing.T) {
	for cidr, want := range map[string]network.Subnets{
		"10.0.0.0/16": {
			Private: ranges("10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20"),
			Public:  ranges("10.0.48.0/24", "10.0.49.0/24", "10.0.50.0/24"),
			Intra:   ranges("10.0.52.0/24", "10.0.53.0/24", "10.0.54.0/24"),
		},
		"172.31.128.0/17": {
			Private: ranges("172.31.128.0/21", "172.31.136.0/21", "172.31.144.0/21"),
			Public:  ranges("172.31.152.0/25", "172.31.152.128/25", "172.31.153.0/25"),
			Intra:   ranges("172.31.154.0/25", "172.31.154.128/25", "172.31.155.0/25"),
		},
		"192.168.192.0/18": {
			Private: ranges("192.168.192.0/22", "192.168.196.0/22", "192.168.200.0/22"),
			Public:  ranges("192.168.204.0/26", "192.168.204.64/26", "192.168.204.128/26"),
			Intra:   ranges("192.168.205.0/26", "192.168.205.64/26", "192.168.205.128/26"),
		},
	} {
		if got := network.Layout(netip.MustParsePrefix(cidr)); got != want {
			t.Errorf("%s is laid out as\n%v, want\n%v", cidr, got, want)
		}
	}
}

// checkLayout says what is wrong with the subnets of a VPC: each must be of its size and inside, and no two may overlap.
func checkLayout(t *testing.T, cidr netip.Prefix) {
	t.Helper()
	layout := network.Layout(cidr)
	var all []netip.Prefix
	for _, tier := range []struct {
		longer  int
		subnets [3]netip.Prefix
	}{{4, layout.Private}, {8, layout.Public}, {8, layout.Intra}} {
		for _, subnet := range tier.subnets {
			if subnet != subnet.Masked() || subnet.Bits() != cidr.Bits()+tier.longer {
				t.Errorf("%s: %s is no range of /%d", cidr, subnet, cidr.Bits()+tier.longer)
			}
			if !cidr.Contains(subnet.Addr()) || subnet.Bits() < cidr.Bits() {
				t.Errorf("%s: %s is outside", cidr, subnet)
			}
			for _, other := range all {
				if subnet.Overlaps(other) {
					t.Errorf("%s: %s overlaps %s", cidr, subnet, other)
				}
			}
			all = append(all, subnet)
		}
	}
}

func TestTheSubnetsOfEveryVPCAreInsideItAndDisjoint(t *testing.T) {
	vpcs := 0
	for _, private := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} {
		for bits := 16; bits <= 18; bits++ {
			all := netip.MustParsePrefix(private)
			for cidr := netip.PrefixFrom(all.Addr(), bits); all.Contains(cidr.Addr()); cidr = after(cidr) {
				checkLayout(t, cidr)
				vpcs++
			}
		}
	}
	if want := (256 + 16 + 1) * (1 + 2 + 4); vpcs != want {
		t.Errorf("looked at %d VPCs, want %d", vpcs, want)
	}
}

// after is the next range of the same size.
func after(cidr netip.Prefix) netip.Prefix {
	address := cidr.Addr().As4()
	next := uint32(address[0])<<24 + uint32(address[1])<<16 + uint32(address[2])<<8 + 1<<(32-cidr.Bits())
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(next >> 24), byte(next >> 16), byte(next >> 8)}), cidr.Bits())
}
