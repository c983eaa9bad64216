# Two commands: `make demo` and `make test`. Each makes its own .venv; both may be run twice and in any order.
PYTHON ?= python3
BIN := .venv/bin
VERSIONS := build/versions
# No doubt about what is installed: the exact versions of constraints.txt.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test test-slow test-versions wheel docs lint format models clean
.DELETE_ON_ERROR:

demo: .venv/run
	$(BIN)/relapse-model demo --cohort examples/cohort --out build/demo

test: .venv/test
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-slow: .venv/test
	$(BIN)/python -m pytest -m slow -s

# Model files written with the oldest packages that pyproject.toml allows, read with the newest of constraints.txt, and
# the other way round: the same risks to 1e-9.
test-versions: $(VERSIONS)/oldest/made $(VERSIONS)/newest/made
	for written in oldest newest; do \
	  PYTHONPATH=src $(VERSIONS)/$$written/bin/python tests/versions/exchange.py write $(VERSIONS)/models/$$written \
	    || exit 1; \
	done
	for read in oldest newest; do for written in oldest newest; do \
	  PYTHONPATH=src $(VERSIONS)/$$read/bin/python tests/versions/exchange.py check $(VERSIONS)/models/$$written \
	    || exit 1; \
	done; done

# What a user installs: a wheel, in an environment that has nothing else, and the five-minute tour run with it.
wheel: build/wheel/made
	build/wheel/env/bin/python examples/01_five_minutes.py

# The documentation: build/docs/index.html. Examples and the notebook are executed; a warning or a broken link fails.
docs: .venv/docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html -d build/doctrees docs build/docs
	$(BIN)/python docs/site_pages/built_site.py build/docs

lint: .venv/lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What is committed under examples/cohort and models, made anew.
models: .venv/run
	$(BIN)/relapse-model simulate --patients 132 --seed 7 --out examples/cohort
	$(BIN)/relapse-model train examples/cohort --out models/hbsag_relapse.rmodel

clean:
	rm -rf .venv build

.venv/made:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed')"
	$(PYTHON) -m venv .venv
	touch $@

.venv/run: .venv/made pyproject.toml constraints.txt
	$(PIP) --editable .
	touch $@

.venv/test: .venv/run
	$(PIP) --editable ".[test]"
	touch $@

.venv/lint: .venv/run
	$(PIP) --editable ".[lint]"
	touch $@

.venv/docs: .venv/run
	$(PIP) --editable ".[docs]"
	touch $@

$(VERSIONS)/%/made: pyproject.toml constraints.txt tests/versions/requirements.py
	$(PYTHON) -m venv $(VERSIONS)/$*
	$(VERSIONS)/$*/bin/python tests/versions/requirements.py $* > $(VERSIONS)/$*.txt
	$(VERSIONS)/$*/bin/python -m pip --disable-pip-version-check install --quiet --requirement $(VERSIONS)/$*.txt \
	  $(if $(filter newest,$*),--constraint constraints.txt)
	touch $@

build/wheel/made: .venv/made $(shell find src -name "*.py" -o -name "*.toml" -o -name "*.jinja") pyproject.toml constraints.txt
	rm -rf build/wheel
	$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps --wheel-dir build/wheel .
	$(PYTHON) -m venv build/wheel/env
	build/wheel/env/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt build/wheel/*.whl
	touch $@
