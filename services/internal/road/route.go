package road

import (
	"container/heap"
	"slices"
)

// Path returns the edges of the quickest way between two nodes at the limits, by A*. It is empty when they are the
// same node.
func (n *Network) Path(from, to int) []Edge {
	nodes := n.path(from, to)
	edges := make([]Edge, 0, len(nodes))
	for i := 1; i < len(nodes); i++ {
		var best *Edge
		for j := range n.Edges[nodes[i-1]] {
			e := &n.Edges[nodes[i-1]][j]
			if e.To == nodes[i] && (best == nil || e.seconds() < best.seconds()) {
				best = e
			}
		}
		edges = append(edges, *best)
	}
	return edges
}

func (e *Edge) seconds() float64 { return e.Metres / e.Class.Limit() }

// path returns the nodes of the quickest way, both ends included.
func (n *Network) path(from, to int) []int {
	const fastest = Motorway
	estimate := func(node int) float64 { return n.Nodes[node].To(n.Nodes[to]) / fastest.Limit() }
	var (
		best     = map[int]float64{from: 0}
		previous = make(map[int]int)
		done     = make(map[int]bool)
		open     = &frontier{{from, estimate(from)}}
	)
	for open.Len() > 0 {
		at := heap.Pop(open).(step).node //nolint:forcetypeassert // the heap holds nothing else
		if at == to {
			break
		}
		if done[at] {
			continue
		}
		done[at] = true
		for i := range n.Edges[at] {
			e := &n.Edges[at][i]
			cost := best[at] + e.seconds()
			if known, ok := best[e.To]; ok && known <= cost {
				continue
			}
			best[e.To] = cost
			previous[e.To] = at
			heap.Push(open, step{e.To, cost + estimate(e.To)})
		}
	}
	if _, ok := best[to]; !ok {
		return nil
	}
	nodes := []int{to}
	for at := to; at != from; {
		at = previous[at]
		nodes = append(nodes, at)
	}
	slices.Reverse(nodes)
	return nodes
}

type step struct {
	node    int
	seconds float64 // to the destination through the node, at least
}

// frontier is a heap; of equals the lower node comes first, so the way does not depend on chance.
type frontier []step

func (f frontier) Len() int { return len(f) }

func (f frontier) Less(i, j int) bool {
	if f[i].seconds == f[j].seconds {
		return f[i].node < f[j].node
	}
	return f[i].seconds < f[j].seconds
}

func (f frontier) Swap(i, j int) { f[i], f[j] = f[j], f[i] }

func (f *frontier) Push(x any) { *f = append(*f, x.(step)) } //nolint:forcetypeassert // the heap holds nothing else

func (f *frontier) Pop() any {
	old := *f
	last := old[len(old)-1]
	*f = old[:len(old)-1]
	return last
}
