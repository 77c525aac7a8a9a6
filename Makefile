# make demo: render, train and denoise from nothing, in a few minutes.   make test: all tests.   make lint: style.
# make model: a model like the one that ships, from nothing, in hours; in pieces: make model RECIPE="--for 10".
# make bench: quality and speed beside Open Image Denoise, to docs/benchmarks.md; renders once, then a few minutes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo model bench test lint scenes browser clean

demo: $(VENV)/.installed
	$(BIN)/python -m mcdenoise.demo --out demo

# RECIPE: options of the recipe, as `make model RECIPE="--for 10"`.
model: $(VENV)/.installed
	$(BIN)/python -m mcdenoise.recipe $(RECIPE)

bench: $(VENV)/.installed
	$(BIN)/python benchmarks/bench.py

test: $(VENV)/.installed
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Reports are tested in a real browser; taken from the system, and installed there if this is Debian and we may.
browser:
	command -v chromium || command -v chromium-browser || command -v google-chrome || { \
	  apt-get -qq update; apt-get -qq install -y --no-install-recommends chromium; }

scenes: $(VENV)/.installed
	$(BIN)/python scenes/make_meshes.py

# One install for all targets, made again when the requirements change.
$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "Could not make $(VENV): needs Python 3.11 or newer with venv (Debian: apt install python3-venv)." >&2; \
	  exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,oidn,farm,onnx,report]'
	touch $@

clean:
	rm -rf $(VENV) demo build *.egg-info
