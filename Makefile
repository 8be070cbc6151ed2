# Two targets do everything a user needs: `make run` and `make test`.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

GO        ?= go
BUF       ?= .tools/node_modules/.bin/buf
BUF_NPM   := @bufbuild/buf@1.75.0
BUF_GO    := github.com/bufbuild/buf/cmd/buf@v1.70.0
PRICES_NPM := @pydantic/genai-prices@0.1.8
TOOL      := $(GO) tool -modfile=tools/go.mod
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   := -s -w -X main.version=$(VERSION)
# A number of inputs: with a time, go test now and then fails for having run out of it.
FUZZTIME  ?= 5000x
# For a whole package, on machines that are busy with something else; what may hang
# within a test has bounds of its own.
TEST_TIMEOUT := 30m
# Packages are tested in this order: at the end, no core should wait for a long one.
LONG_FIRST := ./internal/repo/postgres ./internal/e2e ./internal/service ./internal/repo/sqlite
# SQLite is C that was translated to Go. Its memory is its own, and watching that takes
# three quarters of the time that tests of the store take; what calls it is watched.
NO_RACE_IN_SQLITE := -gcflags='modernc.org/...=-race=false'
# What proto changes are compared with: the last release, the main branch before
# there is one.
BREAKING_AGAINST ?= .git\#$(shell git describe --tags --abbrev=0 2>/dev/null | sed 's/^/tag=/' | grep . || echo branch=main)

##@ Use
.PHONY: help run demo build
help: ## Print this help
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Run the server on embedded SQLite (ARGS=... for its flags)
	$(GO) run -ldflags '$(LDFLAGS)' ./cmd/server $(ARGS)

demo: ## Run the server with plausible agent runs to look at, in a file of its own
	$(GO) run -ldflags '$(LDFLAGS)' ./cmd/server --demo --store sqlite:demo.db

build: ## Build bin/server and bin/agenttrace, the command line: static binaries
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/server ./cmd/agenttrace

##@ Test
.PHONY: test race fuzz crash pooler bench bench-growth bench-quick
# Lint vets all packages: here, each would be vetted before its tests, by each target.
test: ## Run every test, on SQLite and a real PostgreSQL, and each fuzz target briefly
	.ci/ensure-postgres
	.ci/ensure-tmux
	$(GO) test -vet=off -timeout $(TEST_TIMEOUT) $(LONG_FIRST) ./...
	cd examples && $(GO) test -vet=off -timeout $(TEST_TIMEOUT) ./...
	$(MAKE) --no-print-directory fuzz

race: ## Run the tests of what is concurrent under the race detector, those of typed commands excepted
	.ci/ensure-postgres
	concurrent=$$(.ci/concurrent); $(GO) test -vet=off -race $(NO_RACE_IN_SQLITE) -timeout $(TEST_TIMEOUT) $(LONG_FIRST) $$concurrent

fuzz: ## Fuzz every target for FUZZTIME (5000x; or a time such as 1m)
	GO='$(GO)' .ci/fuzz $(FUZZTIME)

crash: ## Kill server and PostgreSQL 50 times each under load and look for lost spans (minutes)
	.ci/ensure-postgres
	AGENTTRACE_CRASHES=50 $(GO) test -count=1 -timeout 60m -run Crash -v ./internal/e2e

pooler: ## Hold PostgreSQL behind a PgBouncer to the same laws (minutes; needs pgbouncer in PATH)
	.ci/ensure-postgres
	$(GO) test -vet=off -count=1 -tags pooler -timeout 60m -run BehindAPooler ./internal/repo/postgres

bench: ## Measure storing, settling and asking on both stores, beside the floor (minutes; ARGS=... for its flags)
	.ci/ensure-postgres
	$(GO) run ./bench $(ARGS)

bench-growth: ## The same, then with up to 4M spans and 400 days (much longer)
	.ci/ensure-postgres
	$(GO) run ./bench -growth $(ARGS)

bench-quick: ## The same in about a minute, to see that it works
	.ci/ensure-postgres
	$(GO) run ./bench -quick

##@ Change
.PHONY: check verify lint generate prices
check: test verify ## Everything that CI runs

verify: lint race bench-quick ## What CI runs beside the tests

lint: $(BUF) ## gofmt, vet, staticcheck, go fix, buf, generated code and go.mod up to date
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofmt -w these: $$out"; exit 1; }
	$(GO) vet -tags pooler ./...
	$(TOOL) staticcheck ./...
	@out=$$($(GO) fix -diff ./... 2>&1 || true); [ -z "$$out" ] || { echo "$$out"; echo "run: go fix ./..."; exit 1; }
	$(BUF) lint
	$(BUF) format --diff --exit-code proto
	$(BUF) breaking --against '$(BREAKING_AGAINST)'
	$(GO) mod tidy -diff
	cd tools && $(GO) mod tidy -diff
	cd examples && $(GO) vet ./... && $(GO) mod tidy -diff
	.ci/check-generated $(BUF)

generate: $(BUF) ## Regenerate gen/ from proto/
	$(BUF) format --write proto
	$(BUF) generate --clean

prices: ## Regenerate the price table from its npm package, and test it (needs Node)
	rm -rf .tools/prices
	mkdir -p .tools/prices
	npm install --prefix .tools/prices --no-save --ignore-scripts --silent $(PRICES_NPM)
	node internal/price/generate/generate.mjs .tools/prices/node_modules/@pydantic/genai-prices internal/price
	$(GO) test ./internal/price

.tools/node_modules/.bin/buf:
	@mkdir -p .tools/node_modules/.bin
	if command -v npm >/dev/null; then \
		npm install --prefix .tools --no-save --ignore-scripts --silent $(BUF_NPM); \
	else \
		echo "npm not found: building buf, which takes minutes"; \
		GOBIN=$(CURDIR)/.tools/node_modules/.bin $(GO) install $(BUF_GO); \
	fi
