# Keyward. `make` without a target says what there is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TOOLS := .tools
DENY_VERSION := 0.20.2
PROGRAMS := target/debug

.PHONY: help
help: ## Say what there is.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: build
build: ## Build the local process and the command.
	cargo build --locked -p keyward-local -p keyward

.PHONY: run
run: build ## Serve everything on this machine with a demo world, and say what to type next.
	@exec $(PROGRAMS)/keyward-local serve --demo

.PHONY: demo
demo: build ## Play the whole story with commentary; fails if a step does not do what it says. URL=… plays it elsewhere.
	@infra/local/demo.sh $(URL)

.PHONY: test
test: test-tools ## Pass all tests.
	cargo build --locked --workspace --bins
	cargo test --locked --workspace --no-fail-fast
	infra/local/demo.sh >target/demo.log || { cat target/demo.log; exit 1; }
	@echo "demo: 1 passed, 0 failed"

.PHONY: test-tools
test-tools: ## Check that the programs that the tests call are there.
	@command -v openssl >/dev/null || { echo "The tests need the openssl program (3.0 or later): install it, for example with apt-get install openssl." >&2; exit 1; }
	@openssl version | grep -qE '^OpenSSL (3|[4-9])\.' || { echo "The tests need openssl 3.0 or later; this is $$(openssl version)." >&2; exit 1; }

.PHONY: test-crash
test-crash: ## Kill the local process 2,000 times (CRASHES=n for another number).
	cargo build --locked --workspace --bins
	KEYWARD_CRASHES=$(or $(CRASHES),2000) cargo test --locked -p keyward-tests --test crash -- --nocapture

.PHONY: check
check: check-format check-lints check-deny ## Format, lints with warnings as errors, and the licences and sources of all dependencies.

.PHONY: check-format
check-format:
	cargo fmt --all --check

.PHONY: check-lints
check-lints:
	cargo clippy --locked --workspace --all-targets -- -D warnings

.PHONY: check-deny
check-deny: $(TOOLS)/bin/cargo-deny
	$(TOOLS)/bin/cargo-deny --locked check bans licenses sources

.PHONY: advisories
advisories: $(TOOLS)/bin/cargo-deny ## Hold the dependencies against the RustSec advisories (fetches their database).
	$(TOOLS)/bin/cargo-deny --locked check advisories

$(TOOLS)/bin/cargo-deny: Makefile
	cargo install --locked --root $(TOOLS) --version $(DENY_VERSION) cargo-deny
	@touch $@

.PHONY: format
format: ## Format all code.
	cargo fmt --all

.PHONY: documents
documents: ## Write the documents anew that are generated from the code.
	KEYWARD_UPDATE=1 cargo test --locked -p keyward-api
