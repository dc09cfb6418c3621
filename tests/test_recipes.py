"""The recipes for schedulers: each file is one that its scheduler takes, and the commands in them run on the sample."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from conftest import reporter

from reporter.pipeline.batch.batch_plan import read_plan
from reporter.pipeline.batch.journal import NAME

ROOT = Path(__file__).parents[1]
RECIPES = ROOT / "docs/recipes"
PAGES = {name: (ROOT / f"docs/{name}.md").read_text("utf-8") for name in ("batch", "schedulers")}
FILES = sorted(RECIPES.iterdir())
PANGO = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


def commands() -> dict[str, list[str]]:
    """Return the words of each batch that a recipe or a page starts, by the file that does."""
    found: dict[str, list[str]] = {}
    for path in FILES:
        text = path.read_text("utf-8")
        lines = re.findall(r"(?:^|[ /])reporter (batch PLAN.*)$", text, re.MULTILINE)
        lists = re.findall(r"\[(\"?batch\"?, .*)\]", text)
        words = [shlex.split(x.partition("  #")[0]) for x in lines]
        words += [shlex.split(x.replace(",", " ")) for x in lists]
        for each in words:
            found[path.name] = each
    return found


def test_every_recipe_starts_a_batch_and_is_on_the_page() -> None:
    started = {"reporter.cron", "reporter-batch.service", "github-actions.yml", "gitlab-ci.yml", "kubernetes-cronjob.yml", "Containerfile"}  # fmt: skip
    assert commands().keys() == started
    assert {p.name for p in FILES} == started | {"PLAN.yml", "reporter-batch.timer"}
    for path in FILES:
        assert f"(recipes/{path.name})" in PAGES["schedulers"]


@pytest.mark.slow
def test_the_commands_of_the_recipes_run_on_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "sample_data/acme/2026-q2", tmp_path / "units/acme")
    plan = (RECIPES / "PLAN.yml").read_text("utf-8")
    (tmp_path / "PLAN.yml").write_text(plan.replace("html, pdf, json, csv", "json"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "github.md")
    for name, words in commands().items():
        done = reporter(*[w.replace("$GITHUB_STEP_SUMMARY", "github.md") for w in words])
        assert done.exit_code == 1, (
            name,
            done.output,
        )  # the sample has records that nobody can read
        assert "quarantined>0" in done.stderr and "is missed" in done.stderr
    assert len((tmp_path / "runs" / NAME).read_bytes().splitlines()) == 1, "once, then unchanged"
    for name in ("batch.xml", "batch.md", "github.md", "runs/batch.xml", "runs/batch.md"):
        assert "quarantined" in (tmp_path / name).read_text("utf-8"), name


def test_the_plans_of_the_recipes_and_the_page_are_read(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGES["batch"], re.DOTALL)
    for text in ((RECIPES / "PLAN.yml").read_text("utf-8"), shown):
        (tmp_path / "PLAN.yml").write_text(text, "utf-8")
        assert read_plan(tmp_path / "PLAN.yml").units


# ---------------------------------------------------------------- what a scheduler takes


def vendored(name: str) -> dict[str, Any]:
    """Return a schema of SchemaStore, as check-jsonschema ships it."""
    found = find_spec("check_jsonschema")
    if not found or not found.submodule_search_locations:
        pytest.skip("check-jsonschema is not installed")
    folder = Path(found.submodule_search_locations[0]) / "builtin_schemas/vendor"
    schema: dict[str, Any] = json.loads((folder / f"{name}.json").read_bytes())
    return schema


@pytest.mark.parametrize(
    ("file", "schema"),
    [("github-actions.yml", "github-workflows"), ("gitlab-ci.yml", "gitlab-ci")],
)
def test_workflows_are_what_their_schema_asks(file: str, schema: str) -> None:
    checker = jsonschema.validators.validator_for(vendored(schema))(vendored(schema))
    text = (RECIPES / file).read_text("utf-8").replace("\non:", '\n"on":')  # else a boolean
    document = yaml.safe_load(text)
    assert [e.message for e in checker.iter_errors(document)] == []
    first = next(iter(document["jobs"])) if "jobs" in document else "agents"
    broken = json.loads(json.dumps(document).replace('"runs-on"', '"run-on"').replace('"script"', '"scripts"'))  # fmt: skip
    assert list(checker.iter_errors(broken)), first


def test_the_cronjob_is_what_kubernetes_takes() -> None:
    (document,) = yaml.safe_load_all((RECIPES / "kubernetes-cronjob.yml").read_text("utf-8"))
    pod = document["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    assert (document["spec"]["concurrencyPolicy"], pod["restartPolicy"]) == ("Forbid", "Never")
    validate = pytest.importorskip("kubernetes_validate")
    validate.validate(document, "1.34", strict=True)
    with pytest.raises(validate.ValidationError):
        validate.validate({**document, "spec": {**document["spec"], "schedul": 1}}, "1.34", strict=True)  # fmt: skip


def test_the_units_are_what_systemd_takes(tmp_path: Path) -> None:
    for name in ("reporter-batch.service", "reporter-batch.timer"):
        text = (RECIPES / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("/usr/local/bin/reporter", sys.executable))
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(text)
        assert "Unit" in parser
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd here")
    verify = ["systemd-analyze", "verify", "--man=no", *map(str, tmp_path.iterdir())]
    done = subprocess.run(verify, capture_output=True, text=True)
    if "Failed to" in done.stderr and "manager" in done.stderr:
        pytest.skip(f"systemd-analyze cannot work here: {done.stderr.strip()}")
    ours = [line for line in done.stderr.splitlines() if "reporter-batch" in line]
    assert ours == []


def test_the_crontab_has_five_fields_a_user_and_no_bare_percent() -> None:
    """A bare percent sign ends the command of a crontab."""
    lines = (RECIPES / "reporter.cron").read_text("utf-8").splitlines()
    (job,) = (line for line in lines if not re.match(r"#|[A-Z]+=", line))
    *times, user, command = job.split(None, 6)
    assert len(times) == 5 and all(re.fullmatch(r"[\d*/,-]+", t) for t in times)
    assert user == "reporter" and not re.search(r"(?<!\\)%", command)
    assert subprocess.run(["sh", "-nc", command.replace("\\%", "%")]).returncode == 0


def test_the_containerfile_copies_what_is_there_and_is_no_root() -> None:
    text = (RECIPES / "Containerfile").read_text("utf-8").replace("\\\n", " ")
    steps = [line.split(None, 1) for line in text.splitlines() if line and line[0] not in "# "]
    assert [s[0] for s in steps] == ["FROM", "RUN", "WORKDIR", *["COPY"] * 4, "RUN", "USER", "WORKDIR", "ENTRYPOINT", "CMD"]  # fmt: skip
    for words in (words.split() for step, words in steps if step == "COPY"):
        assert all((ROOT / name).exists() for name in words[:-1]), words
    assert PANGO in text and ":latest" not in text
    for name in ("github-actions.yml", "gitlab-ci.yml"):
        assert PANGO in (RECIPES / name).read_text("utf-8")
    assert all(package in (ROOT / ".ci/system-packages").read_text() for package in PANGO.split())


def test_the_containerfile_passes_the_linter() -> None:
    linter = shutil.which("hadolint")
    if not linter:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([linter, RECIPES / "Containerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
