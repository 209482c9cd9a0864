package kibana_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fleetman/components/logging/elasticsearch"
)

// object is a saved object, as Kibana exports it.
type object struct {
	ID, Type   string
	Attributes map[string]any
	References []reference
}

type reference struct{ ID, Name, Type string }

func objects(t *testing.T) []object {
	t.Helper()
	content, err := os.ReadFile("conf/objects.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	var all []object
	for line := range strings.Lines(string(content)) {
		var one object
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, one)
	}
	return all
}

// inner is what an attribute has that is JSON in a string.
func inner[T any](t *testing.T, from map[string]any, key string) T {
	t.Helper()
	var value T
	text, _ := from[key].(string)
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v: %q", key, err, text)
	}
	return value
}

func TestEveryReferenceLeadsToAnObjectThatIsImportedToo(t *testing.T) {
	all := objects(t)
	known := map[string]bool{}
	for _, one := range all {
		if key := one.Type + " " + one.ID; known[key] {
			t.Errorf("%s is there twice", key)
		} else {
			known[key] = true
		}
	}
	if want := []string{"dashboard fleetman-logs", "index-pattern " + elasticsearch.DataStream, "search fleetman-problems"}; !slices.Equal(slices.Sorted(maps.Keys(known)), want) {
		t.Errorf("there are %v, want %v", slices.Sorted(maps.Keys(known)), want)
	}
	for _, one := range all {
		for _, to := range one.References {
			if !known[to.Type+" "+to.ID] {
				t.Errorf("%s %s refers to %s %s", one.Type, one.ID, to.Type, to.ID)
			}
		}
	}
}

type panel struct {
	Type, PanelIndex, PanelRefName string
	GridData                       struct {
		X, Y, W, H int
		I          string
	}
	EmbeddableConfig struct {
		Attributes struct {
			VisualizationType string
			References        []reference
			State             struct {
				Query            struct{ Query, Language string }
				DatasourceStates struct {
					FormBased struct{ Layers map[string]layer }
				}
				Visualization struct {
					Layers []struct {
						LayerID, XAccessor, SplitAccessor string
						Accessors                         []string
					}
				}
			}
		}
	}
}

type layer struct {
	ColumnOrder []string
	Columns     map[string]struct {
		SourceField, OperationType string
		Params                     struct{ OrderBy struct{ ColumnID string } }
	}
}

func panels(t *testing.T) (object, []panel) {
	t.Helper()
	for _, one := range objects(t) {
		if one.Type == "dashboard" {
			return one, inner[[]panel](t, one.Attributes, "panelsJSON")
		}
	}
	t.Fatal("no dashboard")
	return object{}, nil
}

func TestEveryPanelHasItsPlaceAndFindsWhatItRefersTo(t *testing.T) {
	board, all := panels(t)
	var unused []string
	for _, to := range board.References {
		unused = append(unused, to.Name)
	}
	refers := func(name string) {
		if !slices.Contains(unused, name) {
			t.Errorf("the dashboard has no reference %s", name)
		}
		unused = slices.DeleteFunc(unused, func(other string) bool { return other == name })
	}
	places := map[string]bool{}
	for _, one := range all {
		grid := one.GridData
		if grid.I != one.PanelIndex || grid.W < 1 || grid.H < 1 || grid.X+grid.W > 48 {
			t.Errorf("panel %s is at %+v", one.PanelIndex, grid)
		}
		for x := grid.X; x < grid.X+grid.W; x++ {
			for y := grid.Y; y < grid.Y+grid.H; y++ {
				if place := fmt.Sprint(x, ",", y); places[place] {
					t.Fatalf("panel %s covers another one at %s", one.PanelIndex, place)
				} else {
					places[place] = true
				}
			}
		}
		if one.Type == "search" {
			refers(one.PanelIndex + ":" + one.PanelRefName)
			continue
		}
		for _, to := range one.EmbeddableConfig.Attributes.References {
			refers(one.PanelIndex + ":" + to.Name)
		}
	}
	if len(all) != 3 || len(unused) != 0 {
		t.Errorf("%d panels; nobody refers to %v", len(all), unused)
	}
}

func TestEveryLayerOfAPanelHasItsColumnsAndItsDataView(t *testing.T) {
	_, all := panels(t)
	for _, one := range all {
		if one.Type != "lens" {
			continue
		}
		attributes := one.EmbeddableConfig.Attributes
		layers := attributes.State.DatasourceStates.FormBased.Layers
		if len(layers) == 0 || len(layers) != len(attributes.State.Visualization.Layers) {
			t.Errorf("panel %s has %d layers and shows %d", one.PanelIndex, len(layers), len(attributes.State.Visualization.Layers))
		}
		for _, shown := range attributes.State.Visualization.Layers {
			columns := layers[shown.LayerID].Columns
			for _, column := range append(shown.Accessors, shown.XAccessor, shown.SplitAccessor) {
				if _, found := columns[column]; !found {
					t.Errorf("panel %s shows %q, which layer %q hasn't", one.PanelIndex, column, shown.LayerID)
				}
			}
			if got, want := slices.Sorted(slices.Values(layers[shown.LayerID].ColumnOrder)), slices.Sorted(maps.Keys(columns)); !slices.Equal(got, want) {
				t.Errorf("panel %s orders %v of %v", one.PanelIndex, got, want)
			}
			for name, column := range columns {
				if by := column.Params.OrderBy.ColumnID; column.OperationType == "terms" && columns[by].SourceField == "" {
					t.Errorf("panel %s: %s is ordered by %q", one.PanelIndex, name, by)
				}
			}
			if !slices.ContainsFunc(attributes.References, func(to reference) bool {
				return to == reference{ID: elasticsearch.DataStream, Name: "indexpattern-datasource-layer-" + shown.LayerID, Type: "index-pattern"}
			}) {
				t.Errorf("panel %s: layer %s has no data view", one.PanelIndex, shown.LayerID)
			}
		}
	}
}

// indexed says whether the template's mapping knows the field: by itself, or as a key of a flattened one.
func indexed(properties map[string]any, path []string) bool {
	field, _ := properties[path[0]].(map[string]any)
	if field["type"] == "flattened" {
		return true
	}
	if len(path) == 1 {
		return field["type"] != nil
	}
	within, _ := field["properties"].(map[string]any)
	return indexed(within, path[1:])
}

var queried = regexp.MustCompile(`([@a-zA-Z_][@a-zA-Z0-9_./]*)\s*:`)

func TestEveryFieldIsOneThatTheTemplateIndexes(t *testing.T) {
	content, err := os.ReadFile("../elasticsearch/conf/template.json")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Template struct {
			Mappings struct{ Properties map[string]any }
		}
	}
	if err := json.Unmarshal(content, &template); err != nil {
		t.Fatal(err)
	}
	type source struct {
		Query        struct{ Query string }
		IndexRefName string
	}
	var fields []string
	from := func(query string) {
		for _, match := range queried.FindAllStringSubmatch(query, -1) {
			fields = append(fields, match[1])
		}
	}
	for _, one := range objects(t) {
		switch one.Type {
		case "index-pattern":
			if one.Attributes["title"] != elasticsearch.DataStream {
				t.Errorf("the data view is of %v", one.Attributes["title"])
			}
			fields = append(fields, one.Attributes["timeFieldName"].(string))
		case "search":
			for _, column := range one.Attributes["columns"].([]any) {
				fields = append(fields, column.(string))
			}
			found := inner[source](t, one.Attributes["kibanaSavedObjectMeta"].(map[string]any), "searchSourceJSON")
			if !slices.ContainsFunc(one.References, func(to reference) bool { return to.Name == found.IndexRefName }) {
				t.Errorf("search %s has no data view", one.ID)
			}
			from(found.Query.Query)
		}
	}
	_, all := panels(t)
	for _, one := range all {
		from(one.EmbeddableConfig.Attributes.State.Query.Query)
		for _, layer := range one.EmbeddableConfig.Attributes.State.DatasourceStates.FormBased.Layers {
			for _, column := range layer.Columns {
				if column.SourceField != "___records___" { // which are all
					fields = append(fields, column.SourceField)
				}
			}
		}
	}
	slices.Sort(fields)
	fields = slices.Compact(fields)
	for _, field := range fields {
		if !indexed(template.Template.Mappings.Properties, strings.Split(field, ".")) {
			t.Errorf("%s isn't indexed", field)
		}
	}
	for _, want := range []string{"@timestamp", "app.level", "kubernetes.container_name", "message"} {
		if !slices.Contains(fields, want) {
			t.Errorf("nothing asks for %s: %v", want, fields)
		}
	}
}
