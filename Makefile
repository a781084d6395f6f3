# CodeDance: everything a person or a machine runs. `make demo` and `make test` need only Python 3.11+ and make.

PYTHON ?= python3
VENV ?= .venv
# Installed first and exactly: a looser requirement would fetch whatever build is newest.
TORCH ?= torch==2.13.0
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check
CODE = src tests benchmarks docs/hooks

# One thread a process: these are many small products, and waiting threads would spin.
export OMP_NUM_THREADS ?= 1
export OMP_WAIT_POLICY ?= PASSIVE
export TOKENIZERS_PARALLELISM ?= false

.PHONY: help demo test coverage test-engines check format format-check lint types layers dependencies tests test-ray release-check docs install install-dev browser hooks clean

help:
	@echo "make demo    install, ask the embedded model about a picture, write the trace page"
	@echo "make test    install what the tests need, then run every check (what CI runs)"
	@echo "make check   every check, in an environment that is there"
	@echo "make coverage  which lines no test runs, as pages in build/coverage/html (not in make test)"
	@echo "make test-engines  the plug-ins within the real ms-swift and verl, in environments of their own (not in make test)"
	@echo "make test-ray  evaluation and data on a real Ray cluster on this machine, one node of it killed"
	@echo "make release-check  the wheel from the package index: each extra alone, lowest and newest versions, known holes (not in make test)"
	@echo "make docs    the documentation as a site, in build/site; a warning is an error"
	@echo "make format  format the code;  make hooks  check before every commit;  make clean  remove what was made"

demo: install
	$(BIN)/codedance ask examples/cards.png -q "What digit is on the red card?" --out runs/demo

test: install-dev
	@$(MAKE) --no-print-directory check

check: format-check lint types layers dependencies tests

format:
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

format-check:
	$(BIN)/ruff format --check $(CODE)

lint:
	$(BIN)/ruff check $(CODE)

types:
	$(BIN)/mypy

layers:
	PYTHONPATH=src $(BIN)/lint-imports

dependencies:
	$(BIN)/deptry src

tests:
	$(BIN)/python -m pytest

# Half an hour: every process that a test starts is measured too, but for what runs inside a sandbox.
coverage: install-dev
	rm -rf build/coverage
	@$(BIN)/coverage run -m pytest $(TESTS); failed=$$?; \
	$(BIN)/coverage combine --quiet && $(BIN)/coverage html --quiet && $(BIN)/coverage report \
		&& echo "page: build/coverage/html/index.html"; exit $$failed

test-engines:
	PYTHON=$(PYTHON) tests/engines/lane/run.sh

# A lane of its own: Ray is 79 MB to fetch and starts slowly. Nodes of a real cluster on this machine are killed.
test-ray: install-dev
	$(PIP) install --editable '.[ray]'
	$(BIN)/python -m pytest -n0 -m ray tests/cluster

# Environments of their own under build/release, from the package index: gigabytes, and half an hour.
release-check: install-dev
	$(BIN)/python -m tests.packaging.release $(CASES) --torch $(TORCH)

docs: install-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "site: build/site/index.html"

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "CodeDance needs Python 3.11 or newer; say which: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@echo "making the environment $(VENV)"
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "python's venv module failed (Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "installing CodeDance (PyTorch, transformers, OpenCV, ...: one to five minutes)"
	$(PIP) install $(TORCH)
	$(PIP) install --editable '.[all]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	@echo "installing CodeDance and what its tests need (one to five minutes)"
	$(PIP) install $(TORCH)
	$(PIP) install --editable '.[dev]'
	@$(MAKE) --no-print-directory browser
	@touch $@ $(VENV)/.installed

# The pages are tested in a real browser. Without one those tests are skipped, and say so.
browser:
	@if command -v chromium || command -v chromium-browser || command -v google-chrome; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing Chromium for the tests of the pages"; \
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends chromium >/dev/null; } \
			|| echo "Chromium could not be installed: the tests of the pages will be skipped" >&2; \
	else echo "no Chromium here: the tests of the pages will be skipped (as root: apt-get install chromium)" >&2; fi

hooks: install-dev
	$(BIN)/pre-commit install

clean:
	rm -rf $(VENV) .engines build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
