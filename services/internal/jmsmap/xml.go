package jmsmap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// FromXML reads <map><entry><string>key</string><string>value</string></entry>...</map>; the second element of an
// entry may have any name (double, int, ...).
func FromXML(body []byte) (map[string]string, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	var (
		fields = make(map[string]string, 4)
		depth  int
		pair   []string
		text   []byte
	)
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			if want := []string{"map", "entry"}; depth > 3 || depth < 3 && t.Name.Local != want[depth-1] {
				return nil, fmt.Errorf("unexpected element %.40q", t.Name.Local)
			}
			if depth == 2 {
				pair = pair[:0]
			}
			text = text[:0]
		case xml.CharData:
			if depth == 3 {
				text = append(text, t...)
			}
		case xml.EndElement:
			if depth == 3 {
				pair = append(pair, string(text))
			}
			if depth == 2 {
				if len(pair) != 2 {
					return nil, fmt.Errorf("an entry of the map has %d parts, want 2", len(pair))
				}
				fields[pair[0]] = pair[1]
			}
			depth--
			if depth < 0 {
				return nil, errors.New("unbalanced XML")
			}
		case xml.Directive:
			return nil, errors.New("XML directives are refused")
		}
	}
	if depth != 0 {
		return nil, errors.New("the XML ends early")
	}
	return fields, nil
}
