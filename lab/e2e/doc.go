// Package e2e holds the tests that stand on real servers. One is the story of the dev stack: from an empty cluster to a running
// fleet, through a changed service and a changed setting, and back to nothing; on its way the same cluster is shown every object
// of prod. Another, the drill, breaks the stack and waits for the alerts; it is run by "make test-alerts". The others run what prod
// has and dev has not, a replica set of MongoDB, the ingress controller's nginx and Elasticsearch's engine, as plain processes on
// loopback. They work in copies, so the work tree stays as it is. Run them by "make e2e".
package e2e
