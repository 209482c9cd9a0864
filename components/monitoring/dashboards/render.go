package dashboards

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// The names of these fields are Grafana's, see doc.go.
type (
	pageJSON struct {
		UID           string          `json:"uid"`
		Title         string          `json:"title"`
		Description   string          `json:"description"`
		Tags          []string        `json:"tags"`
		SchemaVersion int             `json:"schemaVersion"`
		Editable      bool            `json:"editable"`
		Timezone      string          `json:"timezone"`
		Refresh       string          `json:"refresh"`
		Time          spanJSON        `json:"time"`
		TimePicker    pickerJSON      `json:"timepicker"`
		GraphTooltip  int             `json:"graphTooltip"`
		Links         []linkJSON      `json:"links"`
		Annotations   annotationsJSON `json:"annotations"`
		Templating    templatingJSON  `json:"templating"`
		Panels        []panelJSON     `json:"panels"`
	}
	spanJSON struct {
		From string `json:"from"`
		To   string `json:"to"`
	}
	pickerJSON struct {
		RefreshIntervals []string `json:"refresh_intervals"`
	}
	linkJSON struct {
		Title       string   `json:"title"`
		Type        string   `json:"type"`
		Tags        []string `json:"tags"`
		AsDropdown  bool     `json:"asDropdown"`
		KeepTime    bool     `json:"keepTime"`
		IncludeVars bool     `json:"includeVars"`
		TargetBlank bool     `json:"targetBlank"`
		Icon        string   `json:"icon"`
		Tooltip     string   `json:"tooltip"`
	}
	dataSource struct {
		Type string `json:"type"`
		UID  string `json:"uid"`
	}
	annotationsJSON struct {
		List []annotationJSON `json:"list"`
	}
	annotationJSON struct {
		Name        string          `json:"name"`
		DataSource  dataSource      `json:"datasource"`
		Enable      bool            `json:"enable"`
		IconColor   string          `json:"iconColor"`
		Target      json.RawMessage `json:"target"`
		TitleFormat string          `json:"titleFormat"`
		TextFormat  string          `json:"textFormat"`
		TagKeys     string          `json:"tagKeys"`
	}
	templatingJSON struct {
		List []variableJSON `json:"list"`
	}
	variableJSON struct {
		Name       string       `json:"name"`
		Label      string       `json:"label"`
		Type       string       `json:"type"`
		DataSource *dataSource  `json:"datasource,omitempty"`
		Query      any          `json:"query"`
		Current    optionJSON   `json:"current"`
		Options    []optionJSON `json:"options"`
		Multi      bool         `json:"multi,omitempty"`
		IncludeAll bool         `json:"includeAll,omitempty"`
		AllValue   string       `json:"allValue,omitempty"`
		Refresh    int          `json:"refresh,omitempty"`
		Sort       int          `json:"sort,omitempty"`
	}
	optionJSON struct {
		Text     any  `json:"text"`
		Value    any  `json:"value"`
		Selected bool `json:"selected,omitempty"`
	}
	panelJSON struct {
		ID              int              `json:"id"`
		Type            string           `json:"type"`
		Title           string           `json:"title"`
		Description     string           `json:"description,omitempty"`
		GridPos         gridPos          `json:"gridPos"`
		Collapsed       *bool            `json:"collapsed,omitempty"` // of a row
		Panels          *[]panelJSON     `json:"panels,omitempty"`    // of a row: none, they follow
		DataSource      *dataSource      `json:"datasource,omitempty"`
		PluginVersion   string           `json:"pluginVersion,omitempty"`
		Targets         []any            `json:"targets,omitempty"`
		FieldConfig     *fieldConfigJSON `json:"fieldConfig,omitempty"`
		Options         any              `json:"options,omitempty"`
		Transformations []transformJSON  `json:"transformations,omitempty"`
	}
	promTargetJSON struct {
		RefID        string     `json:"refId"`
		DataSource   dataSource `json:"datasource"`
		Expr         string     `json:"expr"`
		LegendFormat string     `json:"legendFormat,omitempty"`
		Format       string     `json:"format"`
		Instant      bool       `json:"instant"`
		Range        bool       `json:"range"`
		EditorMode   string     `json:"editorMode"`
	}
	elasticTargetJSON struct {
		RefID      string       `json:"refId"`
		DataSource dataSource   `json:"datasource"`
		Query      string       `json:"query"`
		Alias      string       `json:"alias"`
		Metrics    []metricJSON `json:"metrics"`
		BucketAggs []bucketJSON `json:"bucketAggs"`
		TimeField  string       `json:"timeField"`
	}
	metricJSON struct {
		ID       string            `json:"id"`
		Type     string            `json:"type"`
		Settings map[string]string `json:"settings,omitempty"`
	}
	bucketJSON struct {
		ID       string            `json:"id"`
		Type     string            `json:"type"`
		Field    string            `json:"field"`
		Settings map[string]string `json:"settings"`
	}
	fieldConfigJSON struct {
		Defaults  fieldJSON      `json:"defaults"`
		Overrides []overrideJSON `json:"overrides"`
	}
	fieldJSON struct {
		Unit       string          `json:"unit,omitempty"`
		Min        *float64        `json:"min,omitempty"`
		Max        *float64        `json:"max,omitempty"`
		NoValue    string          `json:"noValue,omitempty"`
		Color      *colorJSON      `json:"color,omitempty"`
		Mappings   []mappingJSON   `json:"mappings,omitempty"`
		Thresholds *thresholdsJSON `json:"thresholds,omitempty"`
		Custom     any             `json:"custom,omitempty"`
	}
	colorJSON struct {
		Mode string `json:"mode"`
	}
	mappingJSON struct {
		Type    string              `json:"type"`
		Options map[string]wordJSON `json:"options"`
	}
	wordJSON struct {
		Text  string `json:"text"`
		Index int    `json:"index"`
	}
	thresholdsJSON struct {
		Mode  string     `json:"mode"`
		Steps []stepJSON `json:"steps"`
	}
	stepJSON struct {
		Color string   `json:"color"`
		Value *float64 `json:"value"` // null: from the least on
	}
	overrideJSON struct {
		Matcher    matcherJSON    `json:"matcher"`
		Properties []propertyJSON `json:"properties"`
	}
	matcherJSON struct {
		ID      string `json:"id"`
		Options string `json:"options"`
	}
	propertyJSON struct {
		ID    string `json:"id"`
		Value any    `json:"value"`
	}
	transformJSON struct {
		ID      string `json:"id"`
		Options any    `json:"options"`
	}
)

const (
	schemaVersion = 42       // DASHBOARD_SCHEMA_VERSION, public/app/features/dashboard/state/DashboardMigrator.ts
	pluginVersion = "13.2.0" // whose options the panels' are, so that Grafana doesn't take them for older ones
	timeField     = "@timestamp"
)

var (
	prometheus    = dataSource{Type: "prometheus", UID: "prometheus"}
	elasticsearch = dataSource{Type: "elasticsearch", UID: "elasticsearch"}
)

// What is drawn into every graph. Watchdog and InfoInhibitor, whose severity is none, fire on purpose.
const (
	alertsName = "Firing alerts"
	alertsExpr = `ALERTS{alertstate="firing", severity!="none"}`
)

func (d dashboard) json() (string, error) {
	target, err := json.Marshal(map[string]any{
		"refId": "Anno", "datasource": prometheus, "expr": alertsExpr, "interval": "30s", "range": true, "instant": false,
	})
	if err != nil {
		return "", fmt.Errorf("encode annotation: %w", err)
	}
	page := pageJSON{
		UID: d.uid(), Title: d.title, Description: d.about, Tags: []string{"fleetman"},
		SchemaVersion: schemaVersion, Timezone: "browser", Refresh: d.refresh,
		Time:         spanJSON{From: "now-" + d.span, To: "now"},
		TimePicker:   pickerJSON{RefreshIntervals: []string{"10s", "30s", "1m", "5m", "15m"}},
		GraphTooltip: 1, // the same time in every graph
		Links: []linkJSON{{
			Title: "Dashboards", Type: "dashboards", Tags: []string{"fleetman"}, AsDropdown: true, KeepTime: true, Icon: "external link",
		}},
		Annotations: annotationsJSON{[]annotationJSON{{
			Name: alertsName, DataSource: prometheus, Enable: true, IconColor: "red", Target: target,
			// A label that an alert hasn't got would be called by its name in a format, and is left out of the tags.
			TitleFormat: "{{alertname}}", TextFormat: "{{severity}}", TagKeys: "namespace,job,pod,container,node,queue",
		}}},
		Templating: templatingJSON{[]variableJSON{}},
	}
	for _, v := range d.variables {
		page.Templating.List = append(page.Templating.List, v.json())
	}
	titles, places := layout(d.rows)
	for i, r := range d.rows {
		open := false
		page.Panels = append(page.Panels, panelJSON{
			ID: len(page.Panels) + 1, Type: "row", Title: r.title, GridPos: titles[i], Collapsed: &open, Panels: &[]panelJSON{},
		})
		for j, p := range r.panels {
			page.Panels = append(page.Panels, p.json(len(page.Panels)+1, places[i][j]))
		}
	}
	var content strings.Builder
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(page); err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	return content.String(), nil
}

func (v variable) json() variableJSON {
	variable := variableJSON{Name: v.name, Label: v.title, Options: []optionJSON{}}
	switch {
	case v.text != "":
		variable.Type, variable.Query = "textbox", v.text
		variable.Current = optionJSON{Text: v.text, Value: v.text, Selected: true}
		variable.Options = append(variable.Options, variable.Current)
	case v.choices != nil:
		variable.Type = "custom"
		var pairs []string
		for i := 0; i < len(v.choices); i += 2 {
			pairs = append(pairs, v.choices[i]+" : "+v.choices[i+1])
			variable.Options = append(variable.Options, optionJSON{Text: v.choices[i], Value: v.choices[i+1], Selected: i == 0})
		}
		variable.Query, variable.Current = strings.Join(pairs, ","), variable.Options[0]
	default:
		variable.Type, variable.Multi, variable.IncludeAll = "query", true, true
		variable.Refresh, variable.Sort = 2, 1 // with the span of time; by name
		variable.Current = optionJSON{Text: []string{"All"}, Value: []string{"$__all"}, Selected: true}
		if v.metric != "" {
			variable.DataSource = &prometheus
			variable.Query = map[string]any{
				"qryType": 1, // label values
				"query":   fmt.Sprintf("label_values(%s, %s)", v.metric, v.label),
				"refId":   "PrometheusVariableQueryEditor-VariableQuery",
			}
		} else {
			variable.DataSource, variable.AllValue = &elasticsearch, "*"
			question, err := json.Marshal(map[string]any{"find": "terms", "field": v.field, "query": v.where, "size": 500})
			if err != nil {
				panic(fmt.Sprintf("encode a map of strings: %v", err)) // never
			}
			variable.Query = string(question)
		}
	}
	return variable
}

func (p panel) json(id int, place gridPos) panelJSON {
	source := p.source()
	panel := panelJSON{
		ID: id, Type: string(p.kind), Title: p.title, Description: p.description(), GridPos: place,
		DataSource: &source, PluginVersion: pluginVersion, Options: p.options(),
		FieldConfig: &fieldConfigJSON{Defaults: p.field(), Overrides: p.overrides()}, Transformations: p.transformations(),
	}
	for i, q := range p.queries {
		panel.Targets = append(panel.Targets, q.json(p.kind, string(rune('A'+i))))
	}
	return panel
}

func (q query) json(of kind, refID string) any {
	if q.logs != "" {
		target := elasticTargetJSON{
			RefID: refID, DataSource: elasticsearch, Query: q.logs, TimeField: timeField,
			Metrics: []metricJSON{{ID: "1", Type: "logs", Settings: map[string]string{"limit": "500"}}}, BucketAggs: []bucketJSON{},
		}
		if of == logs {
			return target
		}
		target.Metrics = []metricJSON{{ID: "1", Type: "count"}}
		if q.count != "" {
			target.BucketAggs = append(target.BucketAggs, bucketJSON{
				ID: "2", Type: "terms", Field: q.count,
				Settings: map[string]string{"size": "10", "order": "desc", "orderBy": "_count", "min_doc_count": "1"},
			})
		}
		target.BucketAggs = append(target.BucketAggs, bucketJSON{
			ID: "3", Type: "date_histogram", Field: timeField,
			Settings: map[string]string{"interval": "auto", "min_doc_count": "0", "trimEdges": "0"},
		})
		return target
	}
	target := promTargetJSON{
		RefID: refID, DataSource: prometheus, Expr: q.expr, LegendFormat: q.legend, Format: "time_series", EditorMode: "code",
		Range: of == timeseries, Instant: of != timeseries,
	}
	if of == table {
		target.Format = "table"
	}
	return target
}

// field is what holds for every value of a panel.
func (p panel) field() fieldJSON {
	if p.kind == logs {
		return fieldJSON{}
	}
	zero := 0.0
	field := fieldJSON{
		Unit: string(p.unit), Thresholds: p.thresholds.json(), Color: &colorJSON{"thresholds"}, Mappings: words(p.words), Custom: p.custom(),
	}
	if p.full != 0 {
		field.Min, field.Max = &zero, &p.full
	}
	switch p.kind {
	case timeseries:
		field.Color.Mode = "palette-classic"
		if p.full == 0 {
			field.Min = &zero
		}
	case table:
	default:
		if p.queries[0].quiet {
			field.NoValue = "none"
		}
	}
	return field
}

func (p panel) custom() any {
	switch p.kind {
	case timeseries:
		custom := map[string]any{
			"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 10, "gradientMode": "none",
			"showPoints": "never", "spanNulls": false, "thresholdsStyle": map[string]any{"mode": "off"},
			"stacking": map[string]any{"mode": "none", "group": "A"}, "axisPlacement": "auto",
		}
		if p.stacked {
			custom["stacking"] = map[string]any{"mode": "normal", "group": "A"}
			custom["fillOpacity"] = 30
		}
		if p.bars {
			custom["drawStyle"], custom["fillOpacity"] = "bars", 80
		}
		if !p.thresholds.none() {
			custom["thresholdsStyle"] = map[string]any{"mode": "dashed"}
		}
		return custom
	case table:
		return map[string]any{"align": "auto", "cellOptions": map[string]any{"type": "auto"}, "inspect": false}
	default:
		return nil
	}
}

func (p panel) options() any {
	// The number of now, or the sum of what was counted for each step of time.
	reduce := map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}
	if p.queries[0].logs != "" {
		reduce["calcs"] = []string{"sum"}
	}
	switch p.kind {
	case stat:
		color := "none"
		if !p.thresholds.none() {
			color = "background"
		}
		return map[string]any{
			"reduceOptions": reduce, "orientation": "auto", "textMode": "auto", "colorMode": color, "graphMode": "none",
			"justifyMode": "auto", "wideLayout": true, "showPercentChange": false, "percentChangeColorMode": "standard",
		}
	case timeseries:
		return map[string]any{
			"legend":  map[string]any{"showLegend": true, "displayMode": "list", "placement": "bottom", "calcs": []string{}},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		}
	case bargauge:
		return map[string]any{
			"reduceOptions": reduce, "orientation": "horizontal", "displayMode": "basic", "valueMode": "color", "namePlacement": "auto",
			"showUnfilled": true, "sizing": "auto", "minVizHeight": 16, "minVizWidth": 8, "maxVizHeight": 300,
			"legend": map[string]any{"showLegend": false, "displayMode": "list", "placement": "bottom", "calcs": []string{}},
		}
	case table:
		last := p.columns[len(p.columns)-1].title
		return map[string]any{
			"showHeader": true, "frameIndex": 0, "cellHeight": "sm", "sortBy": []any{map[string]any{"displayName": last, "desc": true}},
		}
	default:
		return map[string]any{
			"showTime": true, "showLabels": false, "showCommonLabels": false, "showLogContextToggle": false, "wrapLogMessage": true,
			"prettifyLogMessage": false, "enableLogDetails": true, "dedupStrategy": "none", "sortOrder": "Descending",
		}
	}
}

// overrides are how the columns of a table differ from each other.
func (p panel) overrides() []overrideJSON {
	overrides := []overrideJSON{}
	for _, c := range p.columns {
		override := overrideJSON{Matcher: matcherJSON{ID: "byName", Options: c.title}}
		if c.unit != "" {
			override.Properties = append(override.Properties, propertyJSON{"unit", c.unit})
		}
		if c.width != 0 {
			override.Properties = append(override.Properties, propertyJSON{"custom.width", c.width})
		}
		if !c.thresholds.none() {
			override.Properties = append(override.Properties,
				propertyJSON{"thresholds", c.thresholds.json()},
				propertyJSON{"custom.cellOptions", map[string]any{"type": "color-text"}})
		}
		if len(override.Properties) != 0 {
			overrides = append(overrides, override)
		}
	}
	return overrides
}

// transformations make one table of the answers, with the columns that are asked for.
func (p panel) transformations() []transformJSON {
	if p.kind != table {
		return nil
	}
	var names []string
	place, title := map[string]int{}, map[string]string{}
	for i, c := range p.columns {
		name := c.of
		if kind, ref, found := strings.Cut(c.of, " "); kind == "value" {
			name = "Value"
			if found {
				name += " #" + ref
			}
		}
		names, place[name], title[name] = append(names, name), i, c.title
	}
	return []transformJSON{
		{"merge", map[string]any{}},
		{"filterFieldsByName", map[string]any{"include": map[string]any{"names": names}}},
		{"organize", map[string]any{"indexByName": place, "renameByName": title, "excludeByName": map[string]any{}, "includeByName": map[string]any{}}},
	}
}

// json is the thresholds as steps, each from its value on, in the order of values.
func (t thresholds) json() *thresholdsJSON {
	const good, look, worry, act = "green", "blue", "orange", "red"
	if !t.below {
		steps := []stepJSON{{good, nil}}
		for _, s := range []stepJSON{{look, t.info}, {worry, t.warning}, {act, t.critical}} {
			if s.Value != nil {
				steps = append(steps, s)
			}
		}
		return &thresholdsJSON{"absolute", steps}
	}
	// What is below a value has its level's colour, so that a step begins where the level before ends.
	var steps []stepJSON
	var from *float64
	for _, s := range []stepJSON{{act, t.critical}, {worry, t.warning}, {look, t.info}} {
		if s.Value != nil {
			steps = append(steps, stepJSON{s.Color, from})
			from = s.Value
		}
	}
	return &thresholdsJSON{"absolute", append(steps, stepJSON{good, from})}
}

func words(of []string) []mappingJSON {
	if of == nil {
		return nil
	}
	options := map[string]wordJSON{}
	for i, word := range of {
		options[strconv.Itoa(i)] = wordJSON{Text: word, Index: i}
	}
	return []mappingJSON{{Type: "value", Options: options}}
}
