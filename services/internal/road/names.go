package road

import (
	"fmt"
	"math/rand/v2"
)

// names hands out each name once.
type names struct {
	streets []string
	roads   []string
	used    map[Class]int
}

func newNames(rng *rand.Rand) *names {
	first := []string{
		"Abbey", "Alder", "Anvil", "Ash", "Beacon", "Birch", "Bramble", "Bridge", "Brook", "Carver", "Castle", "Chapel",
		"Cherry", "Cliff", "Clover", "Copper", "Crofter", "Dale", "Elder", "Fern", "Forge", "Foundry", "Garden", "Gorse",
		"Grange", "Harvest", "Hazel", "Heather", "High", "Holly", "Kiln", "Lark", "Laurel", "Linden", "Maple", "Market",
		"Meadow", "Mill", "Moor", "Oak", "Orchard", "Park", "Quarry", "Rowan", "School", "Spring", "Station", "Weaver",
		"Well", "Willow",
	}
	second := []string{"Street", "Road", "Lane", "Avenue", "Close", "Drive", "Grove", "Terrace", "Way", "Rise", "Walk", "Gardens"}
	n := &names{used: make(map[Class]int)}
	for _, f := range first {
		for _, s := range second {
			n.streets = append(n.streets, f+" "+s)
		}
	}
	for _, f := range []string{
		"Northern", "Eastern", "Southern", "Western", "Old Mill", "Valley", "Steelworks", "Riverside", "Hillfoot",
		"Moorgate", "Canal", "Cathedral", "Summerfield", "Wharf", "Ridgeway", "Common", "Ferry", "Granary", "Tollgate", "Viaduct",
	} {
		n.roads = append(n.roads, f+" Road")
	}
	for _, list := range [][]string{n.streets, n.roads} {
		rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	return n
}

func (n *names) next(class Class) string {
	i := n.used[class]
	n.used[class]++
	switch class {
	case Motorway:
		if i == 0 {
			return "M91 Ring"
		}
		return fmt.Sprintf("M91 Ring %d", i+1)
	case Primary:
		return fmt.Sprintf("A%d %s", 6701+3*i, numbered(n.roads, i))
	default:
		return numbered(n.streets, i)
	}
}

func numbered(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return fmt.Sprintf("%s %d", list[i%len(list)], i/len(list)+1)
}
