# make run    set up and start everything; prints the address and a one-time sign-in link
# make test   set up and run the tests (ARGS="tests/test_x.py -k y")
# make lint   style, types, migrations, deployment settings, static files
# make bench  measure: against the bare SDK, and each part (ARGS="--only streams", SCALE=full)
# make clean  remove caches; data (var/) and .venv stay

PYTHON ?= python3
ARGS ?=
SCALE ?= ci
BIN := .venv/bin

.PHONY: run test lint bench clean venv install install-dev

# exec and no shell in between, so that Ctrl-C and kill reach the supervisor itself. glibc keeps up
# to eight heaps a core for threads; two are enough and much smaller.
run: install
	@MALLOC_ARENA_MAX=2 exec $(BIN)/python -m config.supervisor

# The whole suite waits more than it computes, so three run at a time; a chosen part starts quicker alone.
test: install-dev
	@$(BIN)/python -m pytest $(or $(ARGS),-n 3 --dist loadgroup --no-loadscope-reorder)

# A data folder of its own: checks must neither see nor touch what is in var/.
lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	@set -e; data=$$(mktemp -d); trap 'rm -rf "$$data"' EXIT; export PINCITE_DATA="$$data"; set -x; \
	$(BIN)/python manage.py makemigrations --check --dry-run; \
	PINCITE_URL=https://pincite.example $(BIN)/python manage.py check --deploy --fail-level WARNING; \
	$(BIN)/python manage.py collectstatic --noinput

bench: install-dev
	@$(BIN)/python tests/bench/run.py --scale $(SCALE) $(ARGS)

clean:
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

# A stamp holds the checksum of what was installed, so nothing is done twice and nothing forgotten.
checksum = cat $(1) | cksum
installed = [ "$$(cat .venv/.stamp-$(1) 2>/dev/null)" = "$$($(call checksum,$(2)))" ]
pip = echo "Installing $(1)"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $(1)

install: venv
	@$(call installed,run,requirements.txt) || { $(call pip,requirements.txt) && \
	$(call checksum,requirements.txt) > .venv/.stamp-run; }

install-dev: venv
	@$(call installed,dev,requirements.txt requirements-dev.txt) || { \
	$(call pip,requirements-dev.txt) && \
	$(call checksum,requirements.txt) > .venv/.stamp-run && \
	$(call checksum,requirements.txt requirements-dev.txt) > .venv/.stamp-dev; }

venv:
	@[ -x $(BIN)/python ] && $(BIN)/python -c 'import pip' 2>/dev/null || { \
	command -v $(PYTHON) >/dev/null || { \
	echo "Pincite needs Python 3.11 or newer, and there is no $(PYTHON). Install it, or name one:" \
	"make run PYTHON=/path/to/python3.12" >&2; exit 1; }; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "Pincite needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	"Name a newer one: make run PYTHON=python3.12" >&2; exit 1; }; \
	$(PYTHON) -m venv --clear .venv || { \
	echo "A virtual environment could not be made. On Debian and Ubuntu: apt install python3-venv" \
	>&2; exit 1; }; }
