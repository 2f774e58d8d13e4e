.PHONY: help demo test lint clean

help: ## what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 8

demo: ## set everything up, start the three example backends, drive them over HTTP
	@scripts/setup.sh
	@printf '\n== axum example\n'
	@cargo build -p consentgate-example-axum
	@node scripts/demo.mjs

test: ## set everything up, run every test of every language
	@scripts/test.sh

lint: ## every linter, each warning an error
	@scripts/lint.sh

clean: ## remove all that was built or installed
	@rm -rf target .venv bindings-node/node_modules bindings-node/native scripts/smoke/node_modules examples/express/node_modules
	@rm -rf .hypothesis .mypy_cache .ruff_cache .pytest_cache bindings-python/.mypy_cache bindings-python/.hypothesis
	@find bindings-python -name '*.so' -delete
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
