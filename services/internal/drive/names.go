package drive

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// vehicleNames returns n names, no two alike.
func vehicleNames(rng *rand.Rand, n int) []string {
	places := []string{"City", "Village", "Valley", "Riverside", "Moorland", "Market", "Harbour", "Hilltop", "Northern", "Southern", "Airport", "Abbey"}
	kinds := []string{"Truck", "Van", "Bus", "Taxi", "Tanker", "Courier", "Tipper", "Minibus", "Lorry", "Pickup"}
	var all []string
	for _, p := range places {
		for _, k := range kinds {
			all = append(all, p+" "+k)
		}
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	// The fleet's first is always the same, for examples and tests to ask after.
	first := slices.Index(all, "City Truck")
	all[0], all[first] = all[first], all[0]
	names := make([]string, n)
	for i := range names {
		names[i] = all[i%len(all)]
		if lap := i / len(all); lap > 0 {
			names[i] = fmt.Sprintf("%s %d", names[i], lap+1)
		}
	}
	return names
}
