# The few commands a newcomer needs. Everything they install stays below this folder (.venv, .parts, var).

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
# Tests of calls and pages mostly wait for people, so more of them at once than there are cores.
WORKERS ?= 5
# Where platforms under test keep their records: sqlite or postgresql. Without it SQLite, and both where a test says so.
DATABASE ?=
SHELL  := /bin/sh
# Every process of a platform would compile all modules anew: a sixth of its whole start.
unexport PYTHONDONTWRITEBYTECODE
TESTS   = $(BIN)/python -m pytest --maxschedchunk 1 $(DATABASE:%=--database=%)
.DEFAULT_GOAL := help
.PHONY: help demo run test tests-that-wait tests-that-compute tests-that-fuzz tests-that-read check compliance reliability bench screenshots clean lint lock venv asterisk parts forget

help:
	@echo "make demo    一次求助呼叫的完整演示  one SOS call, played by the town (ARGS=--once: end after it)"
	@echo "make run     正式运行平台            the platform alone, for real use"
	@echo "make test    全部测试                all tests, after setting up what they need (DATABASE=postgresql: on it alone)"
	@echo "make lint    几秒钟的检查            seconds: format, lint, types, import order"
	@echo "make check   几分钟的检查            minutes: the same, and the unit tests"
	@echo "make compliance 条款与证明           all tests, then docs/compliance.md from what became of them"
	@echo "make reliability 故障与结果          docs/reliability.md from what make test has seen of the faults"
	@echo "make bench   性能对比                benchmarks as ratios; writes bench/results.md"
	@echo "make screenshots 每页的截图          every page in both languages, into build/screenshots (ARGS=--readme: also the README's)"
	@echo "make clean   清理                    remove caches and the virtual environment"

# --- what must be there -----------------------------------------------------------------------------------------

$(VENV)/.ready: requirements.lock setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "需要 Python 3.11 或更新 / Python 3.11 or newer is needed, '$(PYTHON)' is: $$($(PYTHON) --version 2>&1)."; \
	  echo "Install it, or name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "需要 venv 模块 / Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	@echo "== 安装 Python 依赖 / installing Python packages into $(VENV) (about half a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

venv $(VENV): $(VENV)/.ready

asterisk: $(VENV)/.ready
	@$(BIN)/yijiantong asterisk fetch

parts: $(VENV)/.ready
	@$(BIN)/yijiantong asterisk fetch --for-tests

# --- what people ask for ----------------------------------------------------------------------------------------

demo: asterisk
	@$(BIN)/python -m drill.demo $(ARGS)

run: asterisk
	@$(BIN)/yijiantong up $(ARGS)

lint: $(VENV)/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

check: lint
	$(BIN)/python -m pytest -q -n 2 tests/unit

# Everything that `check` does as well. Tests of calls and pages mostly wait for people, and would fail if nobody had time
# for them; whatever only computes takes the time that they leave, and says at its end how it went.
test: forget parts
	@mkdir -p build
	@$(MAKE) --no-print-directory --jobs 4 --keep-going tests-that-wait tests-that-compute tests-that-fuzz tests-that-read

# Gives way; says in one line how it went, and everything when that was not well.
define gently
@nice -n 5 $(1) >build/$@.log 2>&1 || { cat build/$@.log; exit 1; }
@tail -n 1 build/$@.log
endef

# One file alone needs that plugin, which every process would load, and make tests of the API's description with.
WITHOUT_FUZZ := -p no:schemathesis
FUZZ := tests/web/test_fuzz.py

tests-that-wait:
	@$(TESTS) $(WITHOUT_FUZZ) -n $(WORKERS) tests/telephony tests/browser $(ARGS)

tests-that-compute:
	$(call gently,$(TESTS) $(WITHOUT_FUZZ) -n 2 tests/unit tests/web --ignore $(FUZZ) $(ARGS))

tests-that-fuzz:
	$(call gently,$(TESTS) $(FUZZ) $(ARGS))

tests-that-read:
	$(call gently,$(MAKE) --no-print-directory lint)

# What earlier runs have shown of the clauses proves nothing of the code as it is now.
forget:
	@rm -f build/clauses.jsonl build/faults.jsonl

# Also when tests fail: the page says which.
compliance:
	-@$(MAKE) --no-print-directory test
	$(BIN)/python -m tests.compliance --write docs/compliance.md

# What `make test` has seen of the faults, as a page.
reliability:
	$(BIN)/python -m drill.faults.page build/faults.jsonl docs/reliability.md

bench: parts
	$(BIN)/python -m bench $(ARGS)

screenshots: parts
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -not -path './.parts/*' -prune -exec rm -rf {} +
	@echo ".parts (downloaded programs) and var (your data) were kept."

# Needs uv; written without any index address, so that every machine asks its own.
lock:
	uv pip compile setup.cfg --extra dev --generate-hashes --universal --python-version 3.11 --no-emit-index-url \
	  --custom-compile-command "make lock" --quiet --upgrade --output-file requirements.lock
