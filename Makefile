# Regia. `make` alone lists what can be done.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
ARGS ?=

# The styles are made from the classes that the pages use, so the pages are sources too.
WEB_SOURCES := $(shell find web -name node_modules -prune -o -type f -print 2>/dev/null) \
	$(shell find internal -name '*.templ' 2>/dev/null)
WEB := internal/web/dist/manifest.json

.PHONY: help
help: ## What can be done here
	@echo "Regia: the whole experience of every customer, in one place."
	@echo
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

## First steps

.PHONY: demo
demo: build ## Build and open Regia with a living demo company (ARGS="--listen …")
	bin/regia demo $(ARGS)

.PHONY: build
build: need-build $(WEB) ## Build bin/regia
	go build -trimpath -buildvcs=false -ldflags "-X main.version=$(VERSION)" -o bin/regia.linked ./cmd/regia
	@# A copy: what the linker wrote lies in the file cache in pieces of 2 MB, each of which counts as resident as a whole.
	@cp bin/regia.linked bin/regia.new && mv -f bin/regia.new bin/regia && rm bin/regia.linked

.PHONY: run
run: build ## Build and serve the folder data/, made when missing (ARGS="--listen …")
	[ -d data ] || bin/regia init --data data
	bin/regia serve --data data $(ARGS)

## Every day

.PHONY: test
test: need-build e2e/node_modules ## Run every test: engines, command line, browser (installs what is missing)
	scripts/need-postgres.sh
	scripts/need-chromium.sh
	scripts/need-mosquitto.sh
	scripts/need-dovecot.sh
	$(MAKE) build
	scripts/test.sh

.PHONY: lint
lint: web/node_modules ## Check format, vet, staticcheck, the house rules and the TypeScript
	@unformatted=$$(gofmt -l cmd internal e2e); \
	[ -z "$$unformatted" ] || { echo "not formatted (gofmt -w):"; echo "$$unformatted"; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go test ./internal/house
	cd web && npx --no-install tsc --noEmit

.PHONY: generate
generate: ## Write the generated Go files (pages) anew
	go tool templ generate

.PHONY: verify
verify: need-build lint ## lint, and check that generated files are up to date
	scripts/generated.sh

.PHONY: fuzz
fuzz: ## Run every fuzz test for FUZZTIME (1m) each
	scripts/fuzz.sh

.PHONY: bench
bench: ## Run the benchmarks (BENCH=pattern)
	scripts/bench.sh

.PHONY: clean
clean: ## Remove what was built (data stays)
	rm -rf bin web/node_modules e2e/node_modules
	find internal/web/dist -mindepth 1 ! -name .keep -delete

# What the above lean on.

.PHONY: need-build
need-build:
	@scripts/need-build.sh

web/node_modules: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	touch $@

e2e/node_modules: e2e/package.json e2e/package-lock.json
	cd e2e && npm ci --no-audit --no-fund
	touch $@

$(WEB): web/node_modules $(WEB_SOURCES)
	cd web && npm run build
