# BotStream's tasks. `make` alone lists them.

CARGO ?= cargo
IRACTL = $(or $(CARGO_TARGET_DIR),target)/debug/iractl

.DEFAULT_GOAL := help
.PHONY: help demo up test simulate check build fmt proto tools bench-iratdb bench-media fuzz clean

help: ## Lists the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: tools build ## Runs a cluster, makes real calls through it, prints a report and PASS or FAIL
	$(IRACTL) demo

up: tools build ## Runs a cluster on this machine and follows its logs until Ctrl-C
	$(IRACTL) up

# All targets at once: tests and the services that they start are built with one set of features, so each dependency once.
test: ## Runs all tests: unit, property and integration, with real peers
	scripts/install-tools.sh --test
	$(CARGO) build --workspace --all-targets
	$(CARGO) test --workspace --no-fail-fast

# Schedules to run, and the seed of the first.
SEEDS ?= 1000
START ?= 1

simulate: ## Runs SEEDS schedules of IraTDB's simulator from seed START on; prints what fails, and a line of totals
	$(CARGO) run --quiet --release -p iratdb --features simulator --example simulate -- $(SEEDS) $(START)

check: ## Checks format and lints and runs the unit tests: quick, for every save
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) test --workspace --lib --bins

build: ## Builds everything
	$(CARGO) build --workspace

fmt: ## Formats the source
	$(CARGO) fmt --all

proto: ## Generates the API's messages anew from proto/
	$(CARGO) run -p botstream-api --example generate

tools: ## Gets what the demo needs beside Rust: nats-server, OpenSSL, SIPp, espeak-ng, nats-py
	scripts/install-tools.sh

bench-iratdb: ## Measures IraTDB against SQLite, Redis and NATS; writes target/bench/ (ARGS=--help lists its options)
	scripts/install-tools.sh --bench
	$(CARGO) run --release -p iratdb-bench -- $(ARGS)

bench-media: ## Measures what a call costs a media switch, beside a bare relay; writes target/bench/ (ARGS=--help lists its options)
	scripts/install-tools.sh
	$(CARGO) build --release -p media-bench -p botproxy -p dialer -p media-switch -p trunk-manager
	$(or $(CARGO_TARGET_DIR),target)/release/media-bench $(ARGS)

fuzz: ## Fuzzes IraTDB's decoders, each for SECONDS (60)
	crates/iratdb/fuzz/run.sh $(or $(SECONDS),60)

clean: ## Removes what was built and the tools that were fetched
	$(CARGO) clean
	rm -rf .cache
