package network

import (
	"encoding/binary"
	"net/netip"
)

// zones is how many zones there are.
const zones = 3

// Subnets are the ranges of the subnets, in the order of the zones.
type Subnets struct {
	// Private is for nodes and pods: a sixteenth of the VPC each, the /20 of a /16.
	Private [zones]netip.Prefix
	// Public is for load balancers and NAT gateways: a 256th of the VPC each, the /24 of a /16.
	Public [zones]netip.Prefix
	// Intra is for the control plane's interfaces: as small.
	Intra [zones]netip.Prefix
}

// The sizes of the subnets, as the bits by which their prefixes are longer than the VPC's.
const (
	wide   = 4
	narrow = 8
)

// Where the subnets begin, counted in their own sizes. The public ones begin where the private ones end; behind them is a gap of
// one, and behind the intra ones the greater part of the VPC, which is free for what comes later.
const (
	firstPrivate = 0
	firstPublic  = zones << (narrow - wide)
	firstIntra   = firstPublic + zones + 1
)

// Layout cuts the subnets out of the range of a VPC, which must be one that [NetworkArgs.Validate] accepts.
func Layout(cidr netip.Prefix) Subnets {
	var subnets Subnets
	for zone := range zones {
		subnets.Private[zone] = block(cidr, wide, firstPrivate+zone)
		subnets.Public[zone] = block(cidr, narrow, firstPublic+zone)
		subnets.Intra[zone] = block(cidr, narrow, firstIntra+zone)
	}
	return subnets
}

// block is the part of the range of that index, if it is cut into parts whose prefixes are longer by that many bits.
func block(cidr netip.Prefix, longer, index int) netip.Prefix {
	bits := cidr.Bits() + longer
	first := cidr.Masked().Addr().As4()
	var address [4]byte
	binary.BigEndian.PutUint32(address[:], binary.BigEndian.Uint32(first[:])+uint32(index)<<(32-bits))
	return netip.PrefixFrom(netip.AddrFrom4(address), bits)
}
