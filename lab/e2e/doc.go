// Package e2e holds the end-to-end test of the dev stack: from an empty cluster to a running fleet, through a changed service and
// a changed setting, and back to nothing. It works in a copy of the repository, so the work tree stays as it is. Run it by
// "make e2e".
package e2e
