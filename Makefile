VENV := .venv
PY := $(VENV)/bin/python
RUN := runs/acme-2026-q3
BEFORE := runs/acme-2026-q2
RUNTIME := $(VENV)/.runtime
STAMP := $(VENV)/.installed

# What runs more than once is compiled once.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-spark slow-spark test-remote slow deep faults mutants mutants-input check golden docs verapdf browser bench clean

demo: $(RUNTIME) ## assess two quarters of the sample company and leave the runs with their reports
	rm -rf $(RUN) $(BEFORE)
	$(VENV)/bin/reporter assess sample_data/acme/2026-q2 --out $(BEFORE) --formats json --quiet
	$(VENV)/bin/reporter assess sample_data/acme/2026-q3 --out $(RUN) --earlier $(BEFORE)

test: $(STAMP) ## the test suite, in under five minutes on two cores
	@$(PY) -m pytest -n 2 --dist loadfile -m "not deep and not slow and not spark"

slow: $(STAMP) ## every example of every check, and what attackers, broken files and dying machines do (FILES= for some; all take up to an hour)
	@command -v jq >/dev/null || apt-get install -y -qq --no-install-recommends jq >/dev/null || true # docs/verify.md
	@$(PY) -m pytest -n 2 --dist loadfile -m "slow and not deep and not spark" $(FILES)

test-spark: $(STAMP) ## set up Java and Spark, and hold both engines against each other
	@command -v java >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends default-jre-headless >/dev/null; }
	@$(PY) -m pip install -q --disable-pip-version-check -e '.[spark]'
	@$(PY) -m pytest -m "spark and not deep and not slow"

slow-spark: $(STAMP) ## quarters and examples through Spark (after test-spark)
	@$(PY) -m pip install -q --disable-pip-version-check 'pyspark[connect]' deltalake
	@# Apart from ours: Iceberg's jar is to be had for Spark 3.5 alone (1.0.3 of its package lacks Jackson), and Sail takes no client of 4.3.
	@[ -d $(VENV)/spark-3.5 ] || $(PY) -m pip install -q --disable-pip-version-check --target $(VENV)/spark-3.5 'pyspark==3.5.*' snowpark-connect-deps-iceberg==1.0.2
	@[ -d $(VENV)/sail ] || $(PY) -m pip install -q --disable-pip-version-check --no-deps --target $(VENV)/sail pysail==0.7.2 pyspark-client==4.2.0
	@$(PY) -m pytest -m "spark and slow and not deep"

deep: $(STAMP) ## the cases that the suite leaves out, for they take minutes
	@$(PY) -m pytest -n 2 -m "deep and not spark"
	@$(PY) -m pytest -n 2 --hypothesis-profile=whole tests/test_score_*.py

faults: $(STAMP) ## kill, fill, damage and mislead it: 50 moments of a death for each command (FAULT_SEED=, FAULT_MOMENTS=; takes minutes)
	@$(PY) -m pytest -n 2 --dist loadfile -m faults

mutants: $(STAMP) ## break the scorer in every small way: does a test notice? (a quarter of an hour)
	@$(PY) -m pip install -q --disable-pip-version-check -e '.[mutants]'
	@$(PY) tests/mutants.py

mutants-input: $(STAMP) ## the same for a sample of intake, derived tables, assessment and checks, SQL in strings too (FILES=, SAMPLE=)
	@$(PY) tests/mutants_input.py --sample $(or $(SAMPLE),40) $(FILES)

check: $(STAMP) ## format, lint, types, layers, content
	@$(VENV)/bin/ruff format --check reporter tests benchmarks sample_data
	@$(VENV)/bin/ruff check reporter tests benchmarks sample_data
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/reporter lint --no-examples

golden: $(STAMP) ## regenerate the golden files; review them as a diff
	@GOLDEN=write $(PY) -m pytest -q tests/test_sources.py

docs: $(STAMP) ## regenerate the pages and tables that are made from schema and content
	@$(PY) -m reporter.authoring.docs

verapdf: $(STAMP) ## set up veraPDF and validate the demo's PDF (needs Java)
	@bash tests/verapdf/setup.sh
	@$(PY) -m pytest -q tests/test_report.py -k verapdf

browser: $(STAMP) ## set up Chromium and open the reports in it
	@command -v chromium >/dev/null || apt-get install -y -qq --no-install-recommends chromium >/dev/null
	@$(PY) -m pip install -q --disable-pip-version-check -e '.[browser]'
	@$(PY) -m pytest -q tests/test_browser.py tests/test_browser_live.py

test-remote: $(STAMP) ## set up emulators of S3, Azure and Google storage, and fetch from them (needs npm for Azurite; takes minutes)
	@$(PY) -m pip install -q --disable-pip-version-check -e '.[remote,emulators]'
	@command -v npm >/dev/null && npm install --silent --no-audit --no-fund --prefix $(VENV)/azurite azurite || echo "no npm: Azure is skipped"
	@PATH="$(CURDIR)/$(VENV)/bin:$(CURDIR)/$(VENV)/azurite/node_modules/.bin:$$PATH" $(PY) -m pytest -q -rs tests/test_remote.py tests/test_remote_emulators.py

bench: $(STAMP) ## the measured claims of benchmarks/README.md, beside what they were (ARGS=--record)
	@$(PY) -m pip install -q --disable-pip-version-check -e '.[bench]'
	@$(PY) benchmarks/run.py $(ARGS)

$(RUNTIME): pyproject.toml
	sh .ci/system-packages
	python3 -m venv $(VENV)
	$(PY) -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(STAMP): $(RUNTIME)
	$(PY) -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) runs mutants
