# Two commands for everybody: `make demo` and `make test`. Both set up what they need.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check bench texts lock audit clean

demo: $(STAMP)
	$(BIN)/buurtstem demo

test: $(STAMP)
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m bot.i18n.check
	$(BIN)/python -m console.check
	$(BIN)/python -m runtime.shipped

bench: $(STAMP)
	$(BIN)/pip install --quiet -c constraints.txt -e '.[bench]'
	for file in bench/[a-z]*.py; do echo "# $$file"; $(BIN)/python $$file || exit 1; done

# New keys of the code into every catalogue, with an empty text that `make check` asks for.
texts: $(STAMP)
	$(BIN)/python -m bot.i18n.update

# Everything that runs in production, by version and hash; and whether any of it is known to be weak.
lock: $(STAMP)
	$(BIN)/python tools/lock.py

audit: $(STAMP)
	$(BIN)/python tools/audit.py

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $$(command -v $(PYTHON) || command -v python3) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) var
