# Two commands: `make demo` (a script in, a film out) and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: venv demo test lint bench clean

venv: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/developing: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev
	touch $@

demo: venv
	$(BIN)/shotwright demo

lint: .venv/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# a file's tests share a worker process; two files at a time fill two cores
test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

bench: .venv/developing
	$(BIN)/python -m bench

clean:
	rm -rf .venv demo build
