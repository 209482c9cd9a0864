package road

import (
	"math"
	"math/rand/v2"
)

// The shape of the town, in decimetres unless said otherwise.
const (
	gridSide    = 36     // nodes along a side of the grid that the town grows from
	townRadius  = 51_000 // of the streets
	ringRadius  = 58_500 // of the motorway, on average
	ringNodes   = 72
	arteries    = 7
	parks       = 6
	keepStreet  = 0.84 // share of the grid's lines that become streets
	addDiagonal = 0.05 // share of the grid's squares that get a diagonal
)

// plan is a network in the making: which nodes are joined, and by what.
type plan struct {
	rng   *rand.Rand
	nodes []Point
	links map[[2]int]Class // lower node first
	order [][2]int         // of links, as they were added
	ends  []int            // outer ends of the arteries
	ring  []int            // nodes of the motorway, in turn
}

func (p *plan) link(a, b int, c Class) {
	if a == b {
		return
	}
	key := [2]int{min(a, b), max(a, b)}
	if _, ok := p.links[key]; !ok {
		p.order = append(p.order, key)
	}
	p.links[key] = c
}

func newPlan(seed uint64) *plan {
	p := &plan{rng: rand.New(rand.NewPCG(seed, 0x726f6164)), links: make(map[[2]int]Class)} //nolint:gosec // a world, not a secret
	p.streets()
	p.keepLargest()
	p.primaries()
	p.motorway()
	return p
}

// decimetres rounds, which makes what follows independent of the last bits.
func decimetres(x, y float64) Point {
	return Point{int32(math.Round(x)), int32(math.Round(y))}
}

// streets lays a grid over the disc, denser towards the centre, bends it, and leaves some of it out.
func (p *plan) streets() {
	phase := func() float64 { return p.rng.Float64() * 2 * math.Pi }
	a, b, c, d := phase(), phase(), phase(), phase()
	sinTurn, cosTurn := math.Sincos(0.3 + p.rng.Float64()*0.4)
	open := make([]Point, parks)
	size := make([]float64, parks)
	for i := range open {
		sin, cos := math.Sincos(phase())
		r := townRadius * (0.25 + 0.65*p.rng.Float64())
		open[i] = decimetres(r*cos, r*sin)
		size[i] = 250 + 350*p.rng.Float64() // metres
	}
	index := make(map[[2]int]int)
	for i := range gridSide {
		for j := range gridSide {
			u := float64(2*i)/(gridSide-1) - 1 + (p.rng.Float64()-0.5)*0.6/gridSide*2
			v := float64(2*j)/(gridSide-1) - 1 + (p.rng.Float64()-0.5)*0.6/gridSide*2
			r := math.Sqrt(float64(u*u) + float64(v*v))
			if r > 1 {
				continue
			}
			spread := townRadius * (0.55 + 0.45*r)
			x, y := u*spread, v*spread
			x += 2600*math.Sin(y/11_000+a) + 900*math.Sin(y/4_300+b)
			y += 2600*math.Sin(x/12_000+c) + 900*math.Sin(x/4_700+d)
			at := decimetres(float64(x*cosTurn)-float64(y*sinTurn), float64(x*sinTurn)+float64(y*cosTurn))
			inPark := false
			for k := range open {
				inPark = inPark || at.To(open[k]) < size[k]
			}
			if inPark {
				continue
			}
			index[[2]int{i, j}] = len(p.nodes)
			p.nodes = append(p.nodes, at)
		}
	}
	join := func(i, j, k, l int, share float64) {
		from, ok1 := index[[2]int{i, j}]
		to, ok2 := index[[2]int{k, l}]
		if p.rng.Float64() < share && ok1 && ok2 {
			p.link(from, to, Residential)
		}
	}
	for i := range gridSide {
		for j := range gridSide {
			join(i, j, i+1, j, keepStreet)
			join(i, j, i, j+1, keepStreet)
			join(i, j, i+1, j+1, addDiagonal)
		}
	}
}

// keepLargest drops every node that the largest part of the streets does not reach.
func (p *plan) keepLargest() {
	part := make([]int, len(p.nodes))
	for i := range part {
		part[i] = i
	}
	find := func(i int) int {
		for part[i] != i {
			part[i] = part[part[i]]
			i = part[i]
		}
		return i
	}
	for _, l := range p.order {
		part[find(l[0])] = find(l[1])
	}
	size := make([]int, len(p.nodes))
	largest := 0
	for i := range part {
		size[find(i)]++
		if size[find(i)] > size[largest] {
			largest = find(i)
		}
	}
	renamed := make(map[int]int)
	var nodes []Point
	for i, at := range p.nodes {
		if find(i) == find(largest) {
			renamed[i] = len(nodes)
			nodes = append(nodes, at)
		}
	}
	order := p.order
	p.nodes, p.order, p.links = nodes, nil, make(map[[2]int]Class)
	for _, l := range order {
		if a, ok := renamed[l[0]]; ok {
			p.link(a, renamed[l[1]], Residential)
		}
	}
}

// primaries makes primary roads of the shortest ways from the centre outwards, and of an inner ring.
func (p *plan) primaries() {
	centre := p.nearest(Point{}, 0)
	g := p.graph()
	mark := func(from, to int) {
		path := g.path(from, to)
		for i := 1; i < len(path); i++ {
			p.link(path[i-1], path[i], Primary)
		}
	}
	turn := p.rng.Float64()
	var inner []int
	for i := range arteries {
		sin, cos := math.Sincos(2 * math.Pi * (float64(i) + turn + 0.3*(p.rng.Float64()-0.5)) / arteries)
		end := p.nearest(decimetres(1.1*townRadius*cos, 1.1*townRadius*sin), 0)
		mark(centre, end)
		p.ends = append(p.ends, end)
		inner = append(inner, p.nearest(decimetres(0.35*townRadius*cos, 0.35*townRadius*sin), 0))
	}
	for i := range inner {
		mark(inner[i], inner[(i+1)%len(inner)])
	}
}

// motorway rings the town and joins the arteries to it.
func (p *plan) motorway() {
	a, b := p.rng.Float64()*2*math.Pi, p.rng.Float64()*2*math.Pi
	first := len(p.nodes)
	for i := range ringNodes {
		angle := 2 * math.Pi * float64(i) / ringNodes
		r := ringRadius * (1 + 0.035*math.Sin(3*angle+a) + 0.02*math.Sin(5*angle+b))
		sin, cos := math.Sincos(angle)
		p.ring = append(p.ring, len(p.nodes))
		p.nodes = append(p.nodes, decimetres(r*cos, r*sin))
	}
	for i, n := range p.ring {
		p.link(n, p.ring[(i+1)%len(p.ring)], Motorway)
	}
	for _, end := range p.ends {
		p.link(end, p.nearest(p.nodes[end], first), Primary)
	}
}

// nearest returns the node from first on that is closest to the point.
func (p *plan) nearest(at Point, first int) int {
	best := first
	for i := first; i < len(p.nodes); i++ {
		if p.nodes[i].To(at) < p.nodes[best].To(at) {
			best = i
		}
	}
	return best
}

// graph returns the plan as straight lines, for its own shortest paths.
func (p *plan) graph() *Network {
	n := &Network{Nodes: p.nodes, Edges: make([][]Edge, len(p.nodes))}
	for _, l := range p.order {
		for _, e := range [][2]int{l, {l[1], l[0]}} {
			n.Edges[e[0]] = append(n.Edges[e[0]], Edge{
				From: e[0], To: e[1], Class: Residential, Metres: p.nodes[e[0]].To(p.nodes[e[1]]),
			})
		}
	}
	return n
}
