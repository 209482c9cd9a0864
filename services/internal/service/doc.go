// Package service holds what every main shares: reading the configuration from the environment, the log, the
// endpoints /healthz, /readyz and /metrics, the HTTP server, and an orderly end.
//
// A configuration with several problems is refused with all of them in one error, before anything starts. An
// orderly end lasts at most ShutdownTimeout; what is not done by then is an error, never silence.
package service
