# Each target works alone on a fresh machine: it first makes what it needs.
#   make demo    the console, an embedded PostgreSQL and a DBOS application at work (PORT=8000)
#   make run     the console on databases of your own (DBOS_SYSTEM_DATABASE_URL, CONSOLE_DATABASE_URL, PORT)
#   make test    every test, in a real browser and against real DBOS workers
#   make bench   our client beside the official ones, on a million runs (ROWS=1000000)
#   make check   format, lint, types, import contracts, then every test
#   make format  writes the format that make check asks for
#   make lock    writes requirements/*.txt anew from pyproject.toml

PY := .venv/bin/python
PORT ?= 8000
ROWS ?= 1000000
PYTEST_ARGS ?=
export PORT

.PHONY: demo run test bench check format lock venv

demo:
	@scripts/venv demo
	@exec $(PY) -m demo

run:
	@scripts/venv console
	@exec $(PY) manage.py serve

test:
	@scripts/venv dev
	@scripts/chromium
	$(PY) -m pytest $(PYTEST_ARGS)

bench:
	@scripts/venv dev
	@exec $(PY) -m benchmarks $(ROWS)

check:
	@scripts/venv dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	.venv/bin/djade --check $$(git ls-files 'templates/*.html')
	$(PY) -m mypy
	.venv/bin/lint-imports
	@$(MAKE) --no-print-directory test

format:
	@scripts/venv dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	-.venv/bin/djade $$(git ls-files 'templates/*.html')

lock:
	scripts/lock

venv:
	@scripts/venv dev
