# make demo        set everything up and open JupyterLab on the quickstart
# make demo-html   the same notebook without a browser: written as HTML files to build/
# make test        set up what the tests need, and run all of them
# make test-floor  the tests, but for a browser's, on the oldest of every dependency
# make test-newest the same, on the newest
# make course      write the course's notebooks, and its slides' pictures to build/course/, and run all lessons
# make docs        build the site into build/docs/html/, and walk through it in a browser
# make js          build the browser half of the widgets into xai_widgets/static/
# make format      put Python and browser code into shape
# make clean       remove what make made

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint $(VENV)/constraints.txt
JS     := PATH="$(abspath $(VENV)/node):$$PATH" npm --prefix js

# Tests start a hundred processes: each would compile all that it imports.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo demo-html course test test-browser test-lower test-upper test-rest test-notebooks test-style test-floor test-newest zoo docs docs-methods docs-others js format chromium clean
.DELETE_ON_ERROR:

demo: $(VENV)/.demo
	@$(BIN)/python tools/demo.py

demo-html: $(VENV)/.demo
	@$(BIN)/python tools/demo_html.py

course: $(VENV)/.test
	@$(BIN)/python tools/course.py
	@$(BIN)/python tools/course.py slides
	$(BIN)/python -m pytest -q -m "lesson or not lesson" tests/course

# Six parts, two at a time, the longest first; the short ones fill what is left at the end.
LOWER     := tests/engine tests/methods tests/metrics tests/probe tests/targets tests/training
UPPER     := tests/files tests/images tests/relabel tests/render tests/study tests/widgets
NOTEBOOKS := tests/course tests/demo tests/test_notebooks.py
QUICK     := -m "not browser and not zoo and not site and not lesson"

test: $(VENV)/.test $(VENV)/.chromium js/node_modules/.installed
	@echo "Running the tests in six parts, two at a time. Each prints when it is done ..."
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target \
		test-browser test-lower test-upper test-notebooks test-rest test-style

test-browser:
	$(BIN)/python -m pytest -q -m browser tests/browser

test-lower:
	$(BIN)/python -m pytest -q $(LOWER)

test-upper:
	$(BIN)/python -m pytest -q $(UPPER)

test-rest:
	$(BIN)/python -m pytest -q $(QUICK) --ignore=tests/browser $(LOWER:%=--ignore=%) $(UPPER:%=--ignore=%) \
		$(NOTEBOOKS:%=--ignore=%)

test-notebooks:
	$(BIN)/python -m pytest -q $(NOTEBOOKS)

# The browser code has its own.
test-style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(JS) run --silent check
	$(JS) run --silent test
	$(BIN)/python tools/bundles.py

# Each in an environment of its own. quantus by itself, as below.
test-floor:
	$(PYTHON) -m venv .venv-floor
	.venv-floor/bin/python -m pip install --quiet --constraint constraints-floor.txt --editable ".[test]"
	.venv-floor/bin/python -m pip install --quiet --no-deps quantus
	.venv-floor/bin/python -m pytest -q -m "not browser and not zoo and not site and not lesson"

test-newest:
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/python -m pip install --quiet --upgrade --upgrade-strategy eager --editable ".[test]"
	.venv-newest/bin/python -m pip install --quiet --upgrade --no-deps quantus
	.venv-newest/bin/python -m pytest -q -m "not browser and not zoo and not site and not lesson"

# The page is written also where a network was wrong: it says so.
zoo: $(VENV)/.test
	XAI_WIDGETS_ZOO=benchmarks/results/zoo.json $(BIN)/python -m pytest -q -o timeout=7200 -m "zoo or not zoo" tests/zoo; \
	status=$$?; $(BIN)/python tools/zoo_table.py && exit $$status

# What the code of a page gave is kept in build/docs/cache until something it depends on changes.
docs: $(VENV)/.docs $(VENV)/.chromium js/node_modules/.installed
	$(BIN)/python -m tools.site
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target docs-methods docs-others

# The walk through the site, in two halves.
docs-methods:
	$(BIN)/python -m pytest -q -m site -k "methods" tests/site

docs-others:
	$(BIN)/python -m pytest -q -m site -k "not methods" tests/site

js: js/node_modules/.installed
	$(JS) run --silent build

format: $(VENV)/.test js/node_modules/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(JS) run --silent format

chromium: $(VENV)/.chromium

clean:
	rm -rf $(VENV) .venv-floor .venv-newest build dist js/node_modules .mypy_cache .ruff_cache .pytest_cache

# The pins fit Python 3.11 and newer; on 3.10 pip chooses for itself.
$(VENV)/constraints.txt: constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("xai_widgets needs Python 3.10 or newer; choose one with: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -c 'import sys; print(open("constraints.txt").read() if sys.version_info >= (3, 11) else "")' > $@

# torch comes first and alone, so that a build of it that is already at hand is taken and kept.
$(VENV)/.torch: $(VENV)/constraints.txt
	@echo "Installing torch (the first time takes minutes) ..."
	$(PIP) torch
	@touch $@

$(VENV)/.demo: $(VENV)/.torch pyproject.toml
	@echo "Installing xai_widgets, its demo network and JupyterLab ..."
	$(PIP) --editable ".[demo]"
	@touch $@

$(VENV)/.test: $(VENV)/.torch pyproject.toml
	@echo "Installing xai_widgets and what its tests need ..."
	$(PIP) --editable ".[test]"
	@# By itself it would bring a second OpenCV, over the one that grad-cam brought.
	$(PIP) --no-deps quantus
	@touch $@ $(VENV)/.demo

$(VENV)/.docs: $(VENV)/.test
	@echo "Installing what the site is built with ..."
	$(PIP) --editable ".[docs]"
	@touch $@

$(VENV)/.chromium: $(VENV)/.test
	@sh tools/chromium.sh $(BIN)/python
	@touch $@

# Not `npm ci`: it refuses a lock file made where another platform's optional packages were not to be had.
js/node_modules/.installed: js/package-lock.json $(VENV)/.test
	@sh tools/node.sh $(BIN)/python $(VENV)/node
	$(JS) install --no-save --silent --no-audit --no-fund
	@touch $@
