package road

import (
	"encoding/json"
	"fmt"
)

type featureCollection struct {
	Type     string    `json:"type"`
	Features []feature `json:"features"`
}

type feature struct {
	Type       string     `json:"type"`
	Properties properties `json:"properties"`
	Geometry   geometry   `json:"geometry"`
}

type properties struct {
	Name  string `json:"name"`
	Class Class  `json:"class"`
}

type geometry struct {
	Type        string       `json:"type"`
	Coordinates [][2]float64 `json:"coordinates"` // degrees east, degrees north
}

// GeoJSON returns the roads as a FeatureCollection of LineStrings with a name and a class.
func (n *Network) GeoJSON() ([]byte, error) {
	c := featureCollection{Type: "FeatureCollection", Features: make([]feature, len(n.Ways))}
	for i, w := range n.Ways {
		line := make([][2]float64, len(w.Points))
		for j, p := range w.Points {
			g := p.Geo()
			line[j] = [2]float64{g.Lon, g.Lat}
		}
		c.Features[i] = feature{"Feature", properties{w.Name, w.Class}, geometry{"LineString", line}}
	}
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode roads: %w", err)
	}
	return b, nil
}
