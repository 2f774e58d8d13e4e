.PHONY: help demo test soak simulate model races fuzz mutants mutants-changed coverage bench lint clean

SECONDS ?= 60
SEED ?= 4294967296
FAULTS ?= 3

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

demo: ## set everything up, start the three example backends, drive them over HTTP; then two that share their stores
	@scripts/setup.sh
	@printf '\n== axum example\n'
	@cargo build -p consentgate-example-axum --bins
	@scripts/with-engines.sh node scripts/demo/main.mjs

test: ## set everything up, run every test of every language
	@scripts/setup.sh
	@scripts/with-engines.sh scripts/test.sh

soak: ## the storms in full: a kill of each victim at each effect, on either side, in each language
	@scripts/setup.sh
	@cargo build --quiet -p consentgate-example-axum
	@scripts/with-engines.sh .venv/bin/python -m pytest conformance/storm -p no:cacheprovider --soak

simulate: ## the simulator for SECONDS (60), from SEED on; a failure prints its seed and a shrunk run
	@cargo run --quiet --profile proof -p consentgate-proof -- simulate $(SECONDS) $(SEED)

model: ## the model checker with up to FAULTS (3) faults in each exploration; takes memory and time
	@cargo run --quiet --profile proof -p consentgate-proof -- model $(FAULTS)

races: ## the gate and its memory store under a scheduler that tries many orders
	@scripts/races.sh

fuzz: ## fuzz each target for SECONDS seconds (60 unless given); one alone: scripts/fuzz.sh SECONDS TARGET
	@scripts/fuzz.sh $(SECONDS)

mutants: ## change the core in small ways and see a test fail; takes hours; one file: scripts/mutants.sh --file PATH
	@scripts/mutants.sh

mutants-changed: ## the same in at most 25 places of what the last commits changed
	@scripts/mutants.sh --changed

coverage: ## which lines of the core and of the bindings the tests reach; one part: scripts/coverage.sh core
	@scripts/setup.sh
	@scripts/with-engines.sh scripts/coverage.sh

bench: ## measure the gate beside the bare HMAC and beside what one would write without it; LONG=1: with many millions of keys too
	@scripts/setup.sh
	@scripts/bench.sh $(if $(LONG),--long)

lint: ## every linter, each warning an error
	@scripts/lint.sh

clean: ## remove all that was built or installed
	@scripts/engines.sh down
	@for state in target/storm*; do ENGINES_STATE=$$state scripts/engines.sh down; done
	@rm -rf target benches/target fuzz/target fuzz/corpus fuzz/artifacts .venv bindings-node/node_modules bindings-node/native benches/peers/node/node_modules scripts/smoke/node_modules examples/express/node_modules
	@rm -rf .hypothesis .mypy_cache .ruff_cache .pytest_cache bindings-python/.mypy_cache bindings-python/.hypothesis
	@find bindings-python -name '*.so' -delete
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
