package position

import (
	"encoding/json"
	"fmt"
	"strconv"

	"fleetman/services/internal/jmsmap"
)

// Transformation is the value of the header that tells the broker that a body is a JMS map written as JSON.
const Transformation = jmsmap.JSON

type mapMessage struct {
	Map struct {
		Entry [4]mapEntry `json:"entry"`
	} `json:"map"`
}

type mapEntry struct {
	String [2]string `json:"string"`
}

// Encode writes the report as a JMS map in JSON, every value a string.
func (r Report) Encode() ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("encode report: %w", err)
	}
	var m mapMessage
	m.Map.Entry = [4]mapEntry{
		{[2]string{keyVehicle, r.Vehicle}},
		{[2]string{keyLat, strconv.FormatFloat(r.Lat, 'f', -1, 64)}},
		{[2]string{keyLong, strconv.FormatFloat(r.Long, 'f', -1, 64)}},
		{[2]string{keyTime, r.Time.String()}},
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode report: %w", err)
	}
	return b, nil
}
