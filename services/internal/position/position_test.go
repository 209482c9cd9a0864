package position

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func at(t *testing.T, s string) Time {
	t.Helper()
	v, err := ParseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const entries = `{"string":["vehicle","City Truck"]},{"string":["lat","53.37983"]},{"string":["long","-1.46665"]},{"string":["time","2024-01-08T10:00:00.123+0000"]}`

func TestDecodeReadsEveryFormOfAReport(t *testing.T) {
	want := Report{Vehicle: "City Truck", Lat: 53.37983, Long: -1.46665, Time: at(t, "2024-01-08T10:00:00.123+0000")}
	xmlOf := func(lat string) string {
		return "<map>\n  <entry><string>vehicle</string><string>City Truck</string></entry><entry><string>lat</string>" + lat +
			"</entry><entry><string>long</string><string>-1.46665</string></entry><entry><string>time</string><string>2024-01-08T10:00:00.123+0000</string></entry></map>"
	}
	tests := []struct{ name, body string }{
		{"a JMS map in JSON", `{"map":{"entry":[` + entries + `]}}`},
		{"a JMS map in JSON whose numbers the broker converted", strings.Replace(`{"map":{"entry":[`+entries+`]}}`, `"53.37983"`, `53.37983`, 1)},
		{"a JMS map in JSON with an entry of two types", strings.Replace(`{"map":{"entry":[`+entries+`]}}`, `{"string":["lat","53.37983"]}`, `{"string":"lat","double":53.37983}`, 1)},
		{"a JMS map in XML", xmlOf("<string>53.37983</string>")},
		{"a JMS map in XML with a double", xmlOf("<double>53.37983</double>")},
		{"an XML declaration first", `<?xml version="1.0"?>` + xmlOf("<string>53.37983</string>")},
		{"plain JSON with strings", `{"vehicle":"City Truck","lat":"53.37983","long":"-1.46665","time":"2024-01-08T10:00:00.123+0000"}`},
		{"plain JSON with numbers", ` {"vehicle":"City Truck","lat":53.37983,"long":-1.46665,"time":"2024-01-08T10:00:00.123Z"}`},
		{"another offset", `{"vehicle":"City Truck","lat":53.37983,"long":-1.46665,"time":"2024-01-08T11:00:00.123+0100"}`},
		{"an unknown key besides", `{"vehicle":"City Truck","lat":53.37983,"long":-1.46665,"time":"2024-01-08T10:00:00.123Z","driver":null}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Decode([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestDecodeRefusesWhatItCannotUse(t *testing.T) {
	plain := func(vehicle, lat, long, time string) string {
		return `{"vehicle":` + vehicle + `,"lat":` + lat + `,"long":` + long + `,"time":` + time + `}`
	}
	const now = `"2024-01-08T10:00:00.123+0000"`
	tests := []struct{ name, body, want string }{
		{"nothing", "  ", "empty"},
		{"text", "hello", "neither JSON nor XML"},
		{"broken JSON", `{"vehicle":`, "JSON"},
		{"broken XML", `<map><entry>`, "ends early"},
		{"XML of something else", `<html></html>`, "unexpected element"},
		{"an XML entity declaration", `<!DOCTYPE map [<!ENTITY a "b">]><map></map>`, "directives"},
		{"a missing key", `{"vehicle":"a","lat":1,"time":` + now + `}`, "long is missing"},
		{"an empty name", plain(`""`, "1", "1", now), "vehicle is missing"},
		{"a blank name", plain(`"  "`, "1", "1", now), "vehicle is missing"},
		{"a long name", plain(`"`+strings.Repeat("x", MaxName+1)+`"`, "1", "1", now), "longer than"},
		{"a name with a line break", plain(`"a\nb"`, "1", "1", now), "control"},
		{"a latitude out of range", plain(`"a"`, "90.1", "1", now), "lat 90.1"},
		{"a longitude out of range", plain(`"a"`, "1", "-180.5", now), "long -180.5"},
		{"a latitude that is not a number", plain(`"a"`, `"NaN"`, "1", now), "lat NaN"},
		{"an infinite longitude", plain(`"a"`, "1", `"-Inf"`, now), "long -Inf"},
		{"a latitude of words", plain(`"a"`, `"north"`, "1", now), "not a number"},
		{"a null latitude", plain(`"a"`, `null`, "1", now), "lat is missing"},
		{"a nested name", plain(`{"a":1}`, `1`, "1", now), "not a string"},
		{"a time of another form", plain(`"a"`, "1", "1", `"8 January"`), "RFC 3339"},
		{"a year far away", plain(`"a"`, "1", "1", `"9999-01-01T00:00:00Z"`), "year"},
		{"an entry of three", `{"map":{"entry":[{"string":["a","b","c"]}]}}`, "3 strings"},
		{"an entry without a string", `{"map":{"entry":[{"int":[1,2]}]}}`, "no string"},
		{"too long a message", `{"a":"` + strings.Repeat("x", MaxMessage) + `"}`, "longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Decode([]byte(tt.body))
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v does not wrap ErrInvalid", err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not mention %q", err, tt.want)
			}
		})
	}
}

func TestDecodeNamesEveryMissingKeyAtOnce(t *testing.T) {
	_, err := Decode([]byte(`{"vehicle":"a"}`))
	for _, key := range []string{"lat", "long", "time"} {
		if err == nil || !strings.Contains(err.Error(), key+" is missing") {
			t.Errorf("error %v does not mention %s", err, key)
		}
	}
}

func TestEncodeWritesTheOriginalsMap(t *testing.T) {
	r := Report{Vehicle: "City Truck", Lat: 53.37983, Long: -1.46665, Time: at(t, "2024-01-08T10:00:00.123+0000")}
	got, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"map":{"entry":[` + entries + `]}}`; string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEncodeRefusesAnInvalidReport(t *testing.T) {
	if _, err := (Report{Vehicle: "a", Lat: math.NaN()}).Encode(); !errors.Is(err, ErrInvalid) {
		t.Errorf("error %v does not wrap ErrInvalid", err)
	}
}

func TestAVehiclePositionHasTheDocumentedJSON(t *testing.T) {
	speed, heading := 23.4, 271.5
	p := VehiclePosition{Name: "City Truck", Lat: 53.37983, Longitude: -1.46665, Timestamp: at(t, "2024-01-08T11:00:00.123+0100"), Speed: &speed, Heading: &heading}
	const want = `{"name":"City Truck","lat":53.37983,"longitude":-1.46665,"timestamp":"2024-01-08T10:00:00.123+0000","speed":23.4,"heading":271.5}`
	got, err := json.Marshal(p)
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	var back VehiclePosition
	if err := json.Unmarshal(got, &back); err != nil || back.Timestamp != p.Timestamp || *back.Speed != speed {
		t.Errorf("reading it back: %+v, %v", back, err)
	}
	got, err = json.Marshal(VehiclePosition{Name: "New", Timestamp: p.Timestamp})
	if err != nil || !strings.HasSuffix(string(got), `"speed":null,"heading":null}`) {
		t.Errorf("first report: got %s, %v", got, err)
	}
}

func TestTimesAreCutToTheMillisecond(t *testing.T) {
	if got := NewTime(time.Unix(1, 999_999_999)).String(); got != "1970-01-01T00:00:01.999+0000" {
		t.Errorf("got %s", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"map":{"entry":[` + entries + `]}}`))
	f.Add([]byte(`{"vehicle":7,"lat":"1","long":2,"time":"2024-01-08T10:00:00Z"}`))
	f.Add([]byte(`<map><entry><string>vehicle</string><string>a</string></entry><entry><string>lat</string><double>1</double></entry></map>`))
	f.Add([]byte(`{"map":{"entry":{"string":["vehicle","a"]}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := Decode(body)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v does not wrap ErrInvalid", err)
			}
			return
		}
		encoded, err := r.Encode()
		if err != nil {
			t.Fatalf("a decoded report does not encode: %v", err)
		}
		again, err := Decode(encoded)
		if err != nil || again != r {
			t.Fatalf("%+v became %+v, %v", r, again, err)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	f.Add("2024-01-08T10:00:00.123+0000")
	f.Add("2024-01-08T10:00:00+01:00")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseTime(s)
		if err != nil {
			return
		}
		again, err := ParseTime(v.String())
		if err != nil || !again.Equal(v.Time) {
			t.Fatalf("%q became %s, then %s, %v", s, v, again, err)
		}
	})
}
