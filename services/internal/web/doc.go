// Package web serves the page to browsers: its files, the roads, and the gateway under /api.
//
// The files are read once, at the start; each has an entity tag, and those with a hash in their name may be kept
// for ever. It refuses a folder without index.html, lists no folders, and lets the page load nothing from
// elsewhere.
package web
