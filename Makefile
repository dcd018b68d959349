# Each target sets itself up from Python >= 3.11, git and make alone.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: install demo test check lock clean

install: $(READY)

# The lock is complete, so nothing is left to resolve (`--no-deps`): pip would ask for pins that extras already have.
# The environment is rebuilt when the locks or the metadata change, and counts as made only when all of it is there.
$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sparc needs Python 3.11 or later: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	@touch $@

demo: install
	$(BIN)/python examples/demo.py

test: install
	$(BIN)/lint-imports
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not server"
	$(BIN)/python -m pytest -m server

check: install
	$(BIN)/lint-imports
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not server and not builds"

# Hash-locked, without any index's address, for every platform and Python from 3.11 on.
LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
lock: install
	$(BIN)/uv $(LOCK) -o requirements/runtime.txt pyproject.toml
	$(BIN)/uv $(LOCK) -o requirements/dev.txt pyproject.toml --group pyproject.toml:dev

clean:
	rm -rf .venv demo
