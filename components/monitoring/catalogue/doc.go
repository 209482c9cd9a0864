// Package catalogue says which metrics each scrape job exports, so that tests can hold rules and dashboards against it: a query that
// names a metric which nothing exports answers with nothing, silently, for ever.
//
// What it fixes: a file for each job, jobs/<job>.txt, the names as they are scraped (a histogram is _bucket, _sum and _count), sorted,
// each once. The lines before the names, "# ...", say of which program and version they are and how they were obtained: from a scrape
// of the real program where that was possible, else from its source or documentation. prometheus-itself.txt is what Prometheus writes
// for every target and alert, of no job of that name. Labels are not in it.
//
// What varies: nothing; a new version of a program is a new scrape.
//
// What it refuses: a query that selects series without naming a metric, or by a pattern of names, since it can't be held against a list.
//
// The program doesn't import it; only tests do.
package catalogue
