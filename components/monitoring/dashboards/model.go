package dashboards

// A dashboard is a page of Grafana.
type dashboard struct {
	// file is the file's name without its ending and, after "fleetman-", the UID.
	file, title, about string
	// refresh is how often an open page asks again; span is how far back it shows.
	refresh, span string
	variables     []variable
	rows          []row
}

// A variable is what a user chooses at the top of a dashboard, one or more of a label's values.
type variable struct {
	name, title string
	// metric and label are whose values there are to choose from, of Prometheus. Names of jobs that export the metric follow.
	metric, label string
	jobs          []string
	// sample is a choice that fits a cluster of this project, for asking without a user.
	sample string
	// field is whose values there are to choose from, of Elasticsearch, among the documents that the query where finds.
	field, where string
	// choices are titles and values, in pairs, where there is nobody to ask.
	choices []string
	// text is what stands in a box to write in.
	text string
}

// A row is panels under one title, as many lines of them as it takes. The jobs are of all its queries that say nothing else.
type row struct {
	title  string
	height int
	jobs   []string
	panels []panel
}

// kind is which of Grafana's panels.
type kind string

const (
	stat       kind = "stat"
	timeseries kind = "timeseries"
	table      kind = "table"
	bargauge   kind = "bargauge"
	logs       kind = "logs"
)

// unit is how Grafana writes a number: packages/grafana-data/src/valueFormats/categories.ts of its repository.
type unit string

const (
	number    unit = "short"
	share     unit = "percentunit" // 0 to 1
	percent   unit = "percent"     // 0 to 100
	seconds   unit = "s"
	duration  unit = "dtdurations"
	bytes     unit = "bytes"
	byteRate  unit = "Bps"
	requests  unit = "reqps"
	rate      unit = "cps"
	plain     unit = "none"
	textValue unit = "string"
)

// A panel is one picture.
type panel struct {
	kind  kind
	title string
	// about is for whoever was woken up: what it shows, and what it means that it is high.
	about string
	// width is how many of the 24 columns it takes. Default: what the panels of its row have when they all get the same.
	width int
	unit  unit
	// full is the greatest value that there can be. Default: there is none.
	full float64
	// alert is the name of the alert whose thresholds are shown.
	alert      string
	thresholds thresholds
	queries    []query
	// stacked puts the series of a graph on top of each other, and bars draws each value by itself.
	stacked, bars bool
	// words are what a state is called, by its number from 0 on. Default: the number.
	words []string
	// columns are those of a table, in order.
	columns []column
}

// A query is what is asked, of Prometheus unless it is of logs.
type query struct {
	expr, legend string
	// jobs are whose metrics it is about, where it isn't the row's. Those of Prometheus itself (up, ALERTS) are no job's.
	jobs []string
	// quiet says that it may have no answer where all is well.
	quiet bool
	// logs is a query of the logs in Lucene's syntax; count is the field by whose values they are counted. Default: they are shown.
	logs, count string
}

// A column is a label, or the value of one of the queries: "value" if there is one, "value A", "value B" and so on.
type column struct {
	of, title  string
	unit       unit
	width      int
	thresholds thresholds
}

// thresholds are from where on a value is worth a look; below says that small values are. Where a level is none, it is nil.
type thresholds struct {
	below                   bool
	info, warning, critical *float64
}

type level func(*thresholds)

func info(value float64) level     { return func(t *thresholds) { t.info = &value } }
func warning(value float64) level  { return func(t *thresholds) { t.warning = &value } }
func critical(value float64) level { return func(t *thresholds) { t.critical = &value } }

func above(levels ...level) thresholds {
	var t thresholds
	for _, set := range levels {
		set(&t)
	}
	return t
}

func below(levels ...level) thresholds {
	t := above(levels...)
	t.below = true
	return t
}

func (t thresholds) none() bool { return t.info == nil && t.warning == nil && t.critical == nil }

// of is a panel's only query.
func of(expr, legend string) []query { return []query{{expr: expr, legend: legend}} }

// maybe is a panel's only query, which may have no answer where all is well.
func maybe(expr, legend string) []query { return []query{{expr: expr, legend: legend, quiet: true}} }
