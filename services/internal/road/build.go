package road

import (
	"math"
	"slices"
)

// New makes the network of the seed.
func New(seed uint64) *Network {
	p := newPlan(seed)
	n := &Network{Nodes: p.nodes, Edges: make([][]Edge, len(p.nodes))}
	names := newNames(p.rng)
	for _, class := range []Class{Motorway, Primary, Residential} {
		for _, chain := range p.chains(class) {
			n.addWay(names.next(class), class, chain)
		}
	}
	return n
}

// chains cuts the links of a class into roads: each goes on as straight as it can, and ends where it would turn.
func (p *plan) chains(class Class) [][]int {
	at := make(map[int][]int) // neighbours that no chain has joined yet
	for _, l := range p.order {
		if p.links[l] == class {
			at[l[0]] = append(at[l[0]], l[1])
			at[l[1]] = append(at[l[1]], l[0])
		}
	}
	take := func(a, b int) {
		at[a] = slices.DeleteFunc(at[a], func(n int) bool { return n == b })
		at[b] = slices.DeleteFunc(at[b], func(n int) bool { return n == a })
	}
	var chains [][]int
	for _, l := range p.order {
		if p.links[l] != class || !slices.Contains(at[l[0]], l[1]) {
			continue
		}
		chain := []int{l[0], l[1]}
		take(l[0], l[1])
		for range 2 { // forwards, then from the other end
			for {
				last, before := chain[len(chain)-1], chain[len(chain)-2]
				next, ok := p.straightest(before, last, at[last], class)
				if !ok {
					break
				}
				take(last, next)
				chain = append(chain, next)
			}
			slices.Reverse(chain)
		}
		chains = append(chains, chain)
	}
	return chains
}

// straightest returns the candidate that continues from before through at with the least turn, if that is small
// enough for the class.
func (p *plan) straightest(before, at int, candidates []int, class Class) (int, bool) {
	least := 0.1 // cosine of the greatest turn
	if class == Residential {
		least = 0.75
	}
	best, bestCos := 0, least
	for _, c := range candidates {
		if cos := cosTurn(p.nodes[before], p.nodes[at], p.nodes[c]); cos > bestCos {
			best, bestCos = c, cos
		}
	}
	return best, bestCos > least
}

// cosTurn returns the cosine of the turn at b on the way from a to c: 1 is straight on.
func cosTurn(a, b, c Point) float64 {
	ux, uy := float64(b.X-a.X), float64(b.Y-a.Y)
	vx, vy := float64(c.X-b.X), float64(c.Y-b.Y)
	length := math.Sqrt((float64(ux*ux) + float64(uy*uy)) * (float64(vx*vx) + float64(vy*vy)))
	if length == 0 {
		return 1
	}
	return (float64(ux*vx) + float64(uy*vy)) / length
}

// addWay draws the chain of nodes as a smooth line and adds its edges both ways.
func (n *Network) addWay(name string, class Class, chain []int) {
	way := Way{Name: name, Class: class}
	closed := len(chain) > 3 && chain[0] == chain[len(chain)-1]
	node := func(i int) Point {
		if closed {
			i = (i + len(chain) - 1) % (len(chain) - 1)
		}
		return n.Nodes[chain[max(0, min(i, len(chain)-1))]]
	}
	for i := 1; i < len(chain); i++ {
		points := curve(node(i-2), node(i-1), node(i), node(i+1))
		edge := Edge{From: chain[i-1], To: chain[i], Way: len(n.Ways), Class: class, Points: points, Metres: Length(points)}
		back := edge
		back.From, back.To = edge.To, edge.From
		back.Points = slices.Clone(points)
		slices.Reverse(back.Points)
		n.Edges[edge.From] = append(n.Edges[edge.From], edge)
		n.Edges[back.From] = append(n.Edges[back.From], back)
		if i > 1 {
			points = points[1:]
		}
		way.Points = append(way.Points, points...)
	}
	n.Ways = append(n.Ways, way)
}

// curve returns the piece of a Catmull-Rom spline between b and c.
func curve(a, b, c, d Point) []Point {
	const pieces = 4
	points := make([]Point, 0, pieces+1)
	points = append(points, b)
	for i := 1; i < pieces; i++ {
		t := float64(i) / pieces
		at := func(a, b, c, d int32) float64 {
			fa, fb, fc, fd := float64(a), float64(b), float64(c), float64(d)
			return 0.5 * (2*fb + float64((fc-fa)*t) + float64((2*fa-5*fb+4*fc-fd)*t*t) + float64((3*fb-fa-3*fc+fd)*t*t*t))
		}
		p := decimetres(at(a.X, b.X, c.X, d.X), at(a.Y, b.Y, c.Y, d.Y))
		if p != points[len(points)-1] {
			points = append(points, p)
		}
	}
	return append(points, c)
}
