# Everything that people and pipelines run is a target here; `make help` lists them.

# Everything that is made and not committed.
FLEETMAN_STATE := $(CURDIR)/.fleetman
# The lab's node: dev for people, test for the end-to-end test.
FLEETMAN_NODE ?= dev
export FLEETMAN_STATE FLEETMAN_NODE
# Pulumi builds programs with -trimpath, and images need static binaries: with the same settings everywhere the large SDKs and
# Kubernetes compile once.
export GOFLAGS := -trimpath
export CGO_ENABLED := 0
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

LINT_VERSION := v2.6.2
FUMPT_VERSION := v0.9.2
WEB := services/webapp/ui
STATE := $(FLEETMAN_STATE)
ENV := $(STATE)/env
LAB := $(STATE)/lab
# A command of the user's own, never one of the lab's.
own = $(shell PATH="$$(tr ':' '\n' <<< "$$PATH" | grep -vF '$(STATE)' | paste -sd:)" command -v $(1) 2>/dev/null)
MINIKUBE := $(call own,minikube)

.PHONY: help up down clean status shell bootstrap check race test test-alerts rules preview e2e web web-check local tools cluster credentials plan fmt lint

##@ Use
help: ## Show this.
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: plan tools credentials web ## Bring everything up: tools, cluster, images, pulumi up --stack dev; print the URLs.
	@$(MAKE) --no-print-directory cluster
	@scripts/stack up

down: ## pulumi destroy --stack dev; the cluster stays.
	@scripts/stack down

clean: ## End and delete the lab's nodes and everything that was made, state and credentials included.
	@scripts/clean

status: ## Say how cluster and stack are.
	@scripts/stack status

shell: $(ENV) ## A shell in which pulumi, kubectl and their settings are those of this project.
	@. $(ENV); exec $${SHELL:-/bin/bash} -i

bootstrap: ## What the prod stack stands on, in AWS: the bucket of its state and the key of its secrets.
	@scripts/bootstrap

local: tools credentials web ## The services, broker and database as plain processes on loopback, without a cluster.
	@. $(ENV); exec $(LAB) -module lab local

##@ Check
check: web-check lint rules ## The quick part: build, vet, lint, unit, golden and rule tests.
	go build ./...
	go test ./...
	cd lab && go vet ./... && go test ./...

race: ## The services' tests under the race detector, which needs a C compiler.
	CGO_ENABLED=1 go test -race ./services/...

rules: $(STATE)/bin/promtool ## promtool and amtool over Prometheus's rules and configuration and Alertmanager's routes.
	@scripts/rules

test: check race e2e test-alerts preview ## Everything, the lab's end to end included; what CI runs.

e2e: tools credentials web ## The dev stack from nothing to nothing on a node of its own, checked at every step.
	@FLEETMAN_NODE=test scripts/e2e -skip TestAlerts

test-alerts: rules tools credentials web ## The rules' tests, then a drill: what breaks on a node of its own is told to Slack's stand-in.
	@FLEETMAN_NODE=test scripts/alerts

preview: $(if $(MINIKUBE),,$(LAB)) credentials web ## pulumi preview of every stack, or of one (STACK=prod), held against the policy.
	@scripts/tools kubernetes aws
	@scripts/preview

lint: $(STATE)/bin/golangci-lint ## golangci-lint and gofumpt over both modules.
	$(STATE)/bin/golangci-lint run
	cd lab && $(STATE)/bin/golangci-lint run

fmt: $(STATE)/bin/golangci-lint ## Format all Go code.
	$(STATE)/bin/golangci-lint fmt
	cd lab && $(STATE)/bin/golangci-lint fmt

##@ Parts
plan:
ifeq ($(MINIKUBE),)
	@$(MAKE) --no-print-directory $(LAB)
	@$(LAB) -module lab plan
else
	@echo "Uses Minikube ($(MINIKUBE)), as it is or started, and its kubectl context; installs nothing."
endif

tools: $(ENV) ## Find or build pulumi and what the cluster needs.

cluster: $(ENV) ## Start Minikube or, where there is none, the lab's node.
	@scripts/cluster

credentials: ## Make dev's passwords, once.
	@scripts/credentials

# AWS's plugin is huge, and only the preview needs it.
$(ENV): FORCE $(if $(MINIKUBE),,$(LAB))
	@scripts/tools kubernetes

# The lab's own command is cheap to ask: go build does nothing when nothing changed.
$(LAB): FORCE
	@mkdir -p $(STATE)
	@[[ -x $(LAB) ]] || echo "Compiling the lab's own command first, half a minute."
	@cd lab && go build -o $(LAB) ./cmd/lab 2> $(STATE)/lab.log || { cat $(STATE)/lab.log >&2; exit 1; }

web: $(WEB)/dist/index.html ## Build the page.

$(WEB)/dist/index.html: $(WEB)/node_modules/.package-lock.json $(shell find $(WEB)/src $(WEB)/static -type f 2>/dev/null) $(WEB)/build.mjs
	cd $(WEB) && npm run --silent build

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json
	cd $(WEB) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web-check: web ## The page's types, lint, format and tests.
	cd $(WEB) && npm run --silent typecheck && npm run --silent lint && npm run --silent format:check && npm test --silent

$(STATE)/bin/promtool: $(LAB)
	@$(LAB) -module lab checkers

$(STATE)/bin/golangci-lint:
	GOBIN=$(STATE)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

FORCE:
