# Two commands do all the set-up on a machine with python3 (3.11+), venv, make and a C compiler.
#   make report [STUDY=data/orchard] [QUARTER=2026Q3] [ONLY=pricing,channels]   render a quarterly report
#   make test                                                                   lint, types, every test
PYTHON ?= python3
STUDY ?= data/orchard
QUARTER ?=
ONLY ?=
UV_VERSION = 0.13.9
VENV = .venv
BIN = $(VENV)/bin
INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
          --no-emit-index-url --custom-compile-command "make lock" pyproject.toml

.PHONY: setup setup-test report test system lab bench lock clean

setup: $(VENV)/.report
setup-test: $(VENV)/.test

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.report: requirements.lock pyproject.toml | $(BIN)/uv
	$(INSTALL) -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.test: requirements-test.lock $(VENV)/.report
	$(INSTALL) -r requirements-test.lock
	@touch $@

report: setup
	@$(BIN)/salesopt report $(STUDY) $(if $(QUARTER),--quarter $(QUARTER)) $(if $(ONLY),--only $(ONLY))

test: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers 2
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal --durations=15

# Chromium (page tests), Java (Spark tests) and Pango (PDF) on Debian or Ubuntu; elsewhere install them by hand.
system:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    need=""; \
	    command -v chromium >/dev/null || need="$$need chromium"; \
	    command -v java >/dev/null || need="$$need default-jre-headless"; \
	    ldconfig -p | grep -q libpangoft2 || need="$$need libpango-1.0-0 libpangoft2-1.0-0"; \
	    [ -z "$$need" ] || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$need >/dev/null; } \
	    || echo "Could not install$$need: tests that need them skip and say so."; \
	else echo "Not root on Debian: tests that need Chromium or Java skip where these are absent."; fi

lab: setup
	$(BIN)/jupyter lab --notebook-dir .

bench: setup-test
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script; done

lock: | $(BIN)/uv
	$(COMPILE) --extra cases --output-file requirements.lock
	$(COMPILE) --extra cases --extra spark --extra bench --extra test \
	    --constraint requirements.lock --output-file requirements-test.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
