# Keyward. `make` without a target says what there is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TOOLS := .tools
DENY_VERSION := 0.20.2
FUZZ_VERSION := 0.13.2
PROGRAMS := target/debug
# What `make bench` runs, each as package/target.
BENCHES := keyward-keyfile/key_files keyward-tests/sweeps keyward-functions/functions

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
	cargo build --locked $(TESTED) --bins
	@rm -rf target/tmp/interop
	cargo test --locked $(TESTED) --no-fail-fast
	@cat $(INTEROP)
	infra/local/demo.sh >target/demo.log || { cat target/demo.log; exit 1; }
	@echo "demo: 1 passed, 0 failed"
	@$(MAKE) --no-print-directory test-cloud

# The same features in every build of the tests, so that nothing is built twice. The functions' clock moves with that of the local cloud;
# what `make package` builds has neither (functions/tests/dependencies.rs).
TESTED := --workspace --features keyward-functions/movable-clock

.PHONY: test-cloud
test-cloud: $(TOOLS)/cloud/installed ## Play every operation, the story, the keys from outside and the demo on a local cloud: the template, and the functions behind its gateway.
	cargo build --locked $(TESTED) --bins
	KEYWARD_STAGE=cloud cargo test --locked $(TESTED) --no-fail-fast --test every_operation --test story --test transfer_blobs --test openssl_keys -- --test-threads 2 \
		--skip the_process_is_started_again # A cloud that is started again has an empty table.
	@LISTEN=127.0.0.1:0 infra/aws/cloud.sh start >target/cloud.log || { cat target/cloud.log; exit 1; }
	infra/local/demo.sh "$$(grep -om1 'http://127.0.0.1:[0-9]*' target/cloud.log)" >target/demo-cloud.log || { cat target/demo-cloud.log; infra/aws/cloud.sh stop; exit 1; }
	infra/aws/cloud.sh check || { infra/aws/cloud.sh stop; exit 1; } # What the demo has left belongs together.
	@infra/aws/cloud.sh stop
	@echo "demo on the local cloud: 1 passed, 0 failed"

# What outside programs read of Keyward and Keyward of them, in words: written by the tests of shared/keyfile.
INTEROP := $(addprefix target/tmp/interop/,pfx-openssl.txt pfx-openssl-salts.txt pfx-openssl-legacy.txt pfx-mended.txt pfx-pbmac1.txt \
	pfx-java.txt pfx-python.txt byok-from-openssl.txt byok-to-openssl.txt jwe-python.txt jwe-node.txt possession.txt wycheproof-oaep.txt wycheproof-oaep-sha1.txt \
	wycheproof-pss.txt wycheproof-key-wrap.txt)

# Absolute, since each test runs in the folder of its crate.
export KEYWARD_PYTHON := $(CURDIR)/$(TOOLS)/python/bin/python
export KEYWARD_NODE_MODULES := $(CURDIR)/$(TOOLS)/node/node_modules

.PHONY: test-tools
test-tools: check-openssl $(TOOLS)/python/installed $(TOOLS)/node/installed $(TOOLS)/cloud/installed ## Install the programs that the tests call into .tools, or say what is missing.

.PHONY: check-openssl
check-openssl:
	@command -v openssl >/dev/null || { echo "The tests need the openssl program (3.0 or later): install it, for example with apt-get install openssl." >&2; exit 1; }
	@openssl version | grep -qE '^OpenSSL (3|[4-9])\.' || { echo "The tests need openssl 3.0 or later; this is $$(openssl version)." >&2; exit 1; }

# The stamp is written last, so what was interrupted is done again.
$(TOOLS)/python/installed: tests/tools/requirements.txt
	@command -v python3 >/dev/null || { echo "The tests need python3 (3.9 or later): install it, for example with apt-get install python3 python3-venv." >&2; exit 1; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || { echo "The tests need python3 3.9 or later; this is $$(python3 --version)." >&2; exit 1; }
	@python3 -c 'import venv, ensurepip' 2>/dev/null || { echo "The tests need python3's venv module: install it, for example with apt-get install python3-venv." >&2; exit 1; }
	rm -rf $(@D)
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@

$(TOOLS)/node/installed: tests/tools/package.json tests/tools/package-lock.json
	@command -v node >/dev/null || { echo "The tests need node (20 or later): install it, for example with apt-get install nodejs." >&2; exit 1; }
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { echo "The tests need node 20 or later; this is $$(node --version)." >&2; exit 1; }
	@command -v npm >/dev/null || { echo "The tests need npm: install it, for example with apt-get install npm." >&2; exit 1; }
	rm -rf $(@D)
	mkdir -p $(@D)
	cp $^ $(@D)
	npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

.PHONY: test-crash
test-crash: ## Kill the local process 2,000 times (CRASHES=n for another number).
	cargo build --locked $(TESTED) --bins
	KEYWARD_CRASHES=$(or $(CRASHES),2000) cargo test --locked $(TESTED) --test crash -- --nocapture

.PHONY: fuzz
fuzz: $(TOOLS)/bin/cargo-fuzz ## Fuzz what reads from outside, 300 s a target (SECONDS_EACH=n for another time, TARGETS="pfx jwe" for some).
	cargo fetch --locked --manifest-path tests/fuzz/Cargo.toml
	$(TOOLS)/bin/cargo-fuzz fuzz build --fuzz-dir tests/fuzz --sanitizer none --no-cfg-fuzzing
	@for target in $(or $(TARGETS),pfx pem byok jwe api_bodies tokens positions); do tests/fuzz/run.sh $$target $(or $(SECONDS_EACH),300) || exit 1; done

$(TOOLS)/bin/cargo-fuzz: Makefile
	cargo install --locked --root $(TOOLS) --version $(FUZZ_VERSION) cargo-fuzz
	@touch $@

.PHONY: bench
bench: check-openssl package ## Measure key files beside openssl, sweeps in large tables and the start of functions; fails if a bound is not held.
	functions/benches/functions/empty.sh
	@for bench in $(BENCHES); do cargo bench --locked --package "$${bench%/*}" --bench "$${bench#*/}"; done

# ---- Deployment ----

# One environment each, since their dependencies exclude each other. The stamp is written last, so what was interrupted is done again.
$(TOOLS)/%/installed: infra/aws/tools/%.txt
	@command -v python3 >/dev/null || { echo "This needs python3 (3.10 or later): install it, for example with apt-get install python3 python3-venv." >&2; exit 1; }
	@python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' || { echo "This needs python3 3.10 or later with its venv module; this is $$(python3 --version)." >&2; exit 1; }
	rm -rf $(@D)
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r $<
	@touch $@

.PHONY: package
package: $(TOOLS)/packaging/installed ## Build the functions' packages into target/package (FUNCTIONS="read-tenant …" for some, ARCHITECTURE=arm64).
	infra/aws/package.sh $(FUNCTIONS)

export SAM_CLI_TELEMETRY := 0

.PHONY: check-template
check-template: $(TOOLS)/checks/installed $(TOOLS)/checkov/installed ## Hold the template to the code, to the resources' specification, and to what is secure.
	cargo test --locked --quiet -p keyward-aws
	$(TOOLS)/checks/bin/cfn-lint infra/aws/template.yaml
	$(TOOLS)/checks/bin/sam validate --lint --region eu-central-1 --template infra/aws/template.yaml
	$(TOOLS)/checkov/bin/checkov --config-file infra/aws/checkov.yaml --file infra/aws/template.yaml

.PHONY: deploy
deploy: $(TOOLS)/checks/installed ## Deploy the packages to AWS: guided, or as CONFIG=file.toml says (docs/deploy.md).
	@$(if $(CONFIG),test -f "$(CONFIG)" || { echo "There is no $(CONFIG)." >&2; exit 2; })
	@$(TOOLS)/checks/bin/python infra/aws/packages.py check --config "$(abspath $(or $(CONFIG),$(GUIDED)))"
	$(TOOLS)/checks/bin/sam deploy --template infra/aws/template.yaml --capabilities CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND \
		$(if $(CONFIG),--config-file "$(abspath $(CONFIG))",--guided)

# Where a guided deployment keeps the answers, and has the defaults from.
GUIDED := infra/aws/samconfig.toml

.PHONY: cloud
cloud: $(TOOLS)/cloud/installed ## Deploy everything to a cloud on this machine, in the background, and say what to type next (PACKAGES=target/package for the packages).
	cargo build --locked $(TESTED) --bins
	@infra/aws/cloud.sh start

.PHONY: cloud-stop
cloud-stop: ## End the cloud on this machine.
	@infra/aws/cloud.sh stop

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
	KEYWARD_UPDATE=1 cargo test --locked -p keyward-aws
