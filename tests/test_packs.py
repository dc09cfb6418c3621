"""Content that is installed as a Python package: found by its entry point, validated as that of others, named in the run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, printed, reporter

import reporter as face
from reporter.authoring import lint
from reporter.content import loader
from reporter.content.packs import GROUP, Pack, installed
from reporter.errors import Errors

pytestmark = pytest.mark.slow

DOCK = Path(__file__).parents[1] / "docs/examples"
"""A workspace, and one source, check, catalog, crosswalk and profile."""
CHECK = "checks/ent/ENT-51-own-destinations.yml"


def install(site: Path, entries: str, name: str = "acme-dock", version: str = "1.2.0") -> None:
    """Write what an installer leaves of a package beside its files."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(entries)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages in which one is the pack `dock`; its Python must never run."""
    return install_dock(tmp_path / "site", monkeypatch)


def install_dock(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(DOCK / "extra", folder / "acme_dock")
    (folder / "acme_dock/__init__.py").write_text("raise SystemExit('somebody imported the pack')")
    install(folder, f"[{GROUP}]\ndock = acme_dock\n")
    patch.syspath_prepend(str(folder))
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with the pack as it is that assesses few checks, for reading only."""
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch)
        install_dock(folder / "site", patch)
        assert assess(folder / "run").exit_code == 0
    return folder / "run"


def change(site: Path, old: str, new: str, name: str = CHECK) -> Path:
    path = site / "acme_dock" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return path


def assess(out: Path, *words: str) -> Any:
    return reporter("assess", DOCK / "workspace", "--out", out, "--formats", "json", *words)  # fmt: skip


def test_all_that_a_pack_brings_takes_part_and_the_run_names_it(site: Path, tmp_path: Path) -> None:
    result = assess(tmp_path / "run")
    assert result.exit_code == 0, result.output
    assert "with packs dock 1.2.0" in result.stderr
    view = printed(tmp_path / "run")
    (own,) = (c for c in view["checks"] if c["id"] == "ENT-51")
    assert (own["counts"]["passed"], own["counts"]["failed"]) == (1, 1)
    assert own["place"].startswith(f"pack dock/{CHECK}:")
    assert [f["id"] for f in view["frameworks"]][-1] == "dock-rules"
    assert view["cover"]["profile"] == "Dock Ltd"
    assert view["crosswalks"][-1]["id"] == "dock-agentic"
    manifest = json.loads((tmp_path / "run/manifest.json").read_text("utf-8"))
    assert "dock-gateway" in {i["source"] for i in manifest["inputs"]}
    (pack,) = loader.load((), installed()).packs
    said = f"acme-dock 1.2.0, sha256 {pack.sha256}"
    assert manifest["hashes"]["pack dock"] == said
    assert {"label": "pack dock", "text": said} in view["hashes"]
    (notice,) = (n for n in view["summary"]["notices"] if n["code"] == "packs")
    assert notice["lines"] == ["dock 1.2.0, of package acme-dock"]
    data = (tmp_path / "run/report.json").read_text("utf-8")
    assert json.loads(data)["hashes"] == manifest["hashes"]
    assert str(site) not in data and "acme_dock" not in sys.modules


@pytest.mark.usefixtures("few_checks", "site")
def test_the_same_pack_elsewhere_gives_the_same_bytes(first: Path, tmp_path: Path) -> None:
    assert assess(tmp_path / "again").exit_code == 0
    for name in ("report.json", "manifest.json", "results.parquet"):
        assert (first / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


@pytest.mark.usefixtures("few_checks")
def test_another_version_of_a_pack_is_another_evidence_id(
    site: Path, first: Path, tmp_path: Path
) -> None:
    shutil.rmtree(site / "acme_dock-1.2.0.dist-info")
    install(site, f"[{GROUP}]\ndock = acme_dock\n", version="1.2.1")
    assert assess(tmp_path / "again").exit_code == 0
    one, two = (
        json.loads((run / "manifest.json").read_text("utf-8"))["hashes"]
        for run in (first, tmp_path / "again")
    )
    assert {k for k in one if one[k] != two[k]} == {"pack dock", "evidence_id"}


@pytest.mark.usefixtures("few_checks")
def test_no_packs_leaves_them_out(site: Path, tmp_path: Path) -> None:
    refused = assess(tmp_path / "run", "--no-packs")
    assert refused.exit_code == 3 and "no profile 'dock'" in refused.output
    shutil.copytree(DOCK / "workspace", tmp_path / "ws")
    settings = (tmp_path / "ws/reporter.yml").read_text("utf-8")
    plain = settings.replace("profile: dock\n", "").split("params:")[0]
    (tmp_path / "ws/reporter.yml").write_text(plain, "utf-8")
    runs = [face.assess(tmp_path / "ws", packs=p).data for p in (True, False)]
    assert [("pack dock" in r.hashes, "ENT-51" in r.scores.checks) for r in runs] == [(True, True), (False, False)]  # fmt: skip
    assert runs[1].hashes["content"] == loader.load().sha256


def test_formats_and_lint_say_which_packs_they_see(site: Path) -> None:
    shown = reporter("formats").output.splitlines()
    assert shown[-1] == f"pack dock 1.2.0, of package acme-dock: {site / 'acme_dock'}"
    assert any(line.startswith("dock-gateway ") for line in shown)
    assert "dock" not in reporter("formats", "--no-packs").output
    result = reporter("lint", "--no-examples")
    assert (result.exit_code, "packs dock 1.2.0: no problem found" in result.output) == (0, True)


def test_lint_runs_the_examples_of_packs_in_a_child(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(site, "a1: unknown", "a1: pass")
    here: list[str] = []
    monkeypatch.setattr(lint.examples, "failures", lambda check, _: here.append(check.id) or [])
    result = reporter("lint")
    assert result.exit_code == 3 and here and "ENT-51" not in here
    assert f"{site / 'acme_dock' / CHECK}:" in result.output
    assert "It is of pack dock 1.2.0, of package acme-dock" in result.output


def test_the_folder_of_a_pack_may_be_given_by_hand_too(site: Path) -> None:
    content = loader.load((site / "acme_dock",), installed())
    assert (content.packs, content.extra) == ((), {"ENT-51"})


def test_a_pack_may_be_a_folder_inside_a_package(site: Path, tmp_path: Path) -> None:
    (site / "acme").mkdir()
    (site / "acme_dock").rename(site / "acme/rules")
    (site / "acme/__init__.py").write_text("raise SystemExit('somebody imported the package')")
    (site / "acme_dock-1.2.0.dist-info/entry_points.txt").write_text(f"[{GROUP}]\ndock = acme.rules\n")  # fmt: skip
    assert installed() == (Pack("dock", "acme-dock", "1.2.0", site / "acme/rules"),)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "AS subject",
            "AS subjekt",
            "the SELECT gives subjekt, code, n_sent, first_out, n_out, ref",
        ),
        pytest.param(
            "severity: high", "severity: severe", "'severity' is 'severe'", marks=pytest.mark.deep
        ),
        pytest.param(
            "s.n_out = 0 THEN", "s.n_outt = 0 THEN", 'no column "n_outt"', marks=pytest.mark.deep
        ),
    ],
)
def test_a_mistake_in_a_pack_is_told_with_file_line_and_pack(
    site: Path, tmp_path: Path, old: str, new: str, says: str
) -> None:
    path = change(site, old, new)
    result = assess(tmp_path / "run")
    assert result.exit_code == 3 and not (tmp_path / "run").exists()
    assert re.search(rf"{re.escape(str(path))}:\d+.*{re.escape(says)}", result.output)
    assert "It is of pack dock 1.2.0, of package acme-dock; --no-packs leaves all packs out." in result.output  # fmt: skip


def test_a_source_of_a_pack_that_cannot_run_is_told_with_its_pack(site: Path, tmp_path: Path) -> None:  # fmt: skip
    path = change(site, "record,\n", "record, nothing,\n", "sources/dock-gateway.yml")
    for result in (assess(tmp_path / "run"), reporter("formats", DOCK / "workspace")):
        assert result.exit_code == 3
        assert f"{path}:" in result.output and "pack dock 1.2.0" in result.output


@pytest.mark.usefixtures("few_checks")
def test_a_check_of_a_pack_that_fails_while_running_costs_its_own_results(
    site: Path, tmp_path: Path
) -> None:
    change(site, "s.n_out = 0 THEN", "CAST(s.agent_id AS BIGINT) = 0 THEN")
    result = assess(tmp_path / "run")
    assert result.exit_code == 0
    found = face.open(tmp_path / "run").results()
    own = found[found.check == "ENT-51"]
    assert set(own.status) == {"unknown"} and len(found) > len(own)
    view = printed(tmp_path / "run")
    (notice,) = (n for n in view["summary"]["notices"] if n["code"] == "checks_not_run")
    assert [line.split(":")[0] for line in notice["lines"]] == ["ENT-51"]


SHIPPED = {
    CHECK: ("ENT-51", "ENT-01", "check ENT-01 is in frameworks/checks/"),
    "sources/dock-gateway.yml": ("id: dock-gateway", "id: okta-apps", "source okta-apps is in reporter/ingest/sources/"),
    "catalogs/dock-rules.yml": ("id: dock-rules", "id: owasp-nhi-2025", "catalog owasp-nhi-2025 is in frameworks/catalogs/"),
    "profiles/dock.yml": ("id: dock", "id: baseline", "profile baseline is in frameworks/profiles/"),
    "crosswalks/dock-agentic.yml": ("id: dock-agentic", "id: engine-asi-rmf", "crosswalk engine-asi-rmf is in frameworks/crosswalks/"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHIPPED)
def test_nothing_in_a_pack_takes_the_name_of_what_ships(
    site: Path, tmp_path: Path, name: str
) -> None:
    old, new, says = SHIPPED[name]
    path = change(site, old, new, name)
    if name == CHECK:
        path.rename(path.with_name("ENT-01-mine.yml"))
        path = path.with_name("ENT-01-mine.yml")
    with pytest.raises(Errors) as raised:
        loader.load((), installed())
    (found,) = (e for e in raised.value.errors if says in e.message)
    assert found.place.startswith(f"{path}:") and "pack dock 1.2.0" in found.hint


NO_PACK = {
    "no such package": ("dock = acme_gone", "is not a folder with files"),
    "a module of its own": ("dock = acme_alone", "is not a folder with files"),
    "a thing in a package": ("dock = acme_dock:RULES", "is not a folder with files"),
    "a path": ("dock = ../acme_dock", "is not a folder with files"),
    "no name": ("do ck\x1b = acme_dock", "a pack is named with letters"),
    "two of a name": ("dock = acme_dock\n[other]\nx = y\n[agent_reporter.packs]\ndock = acme_dock", "brings a pack of this name too"),
}  # fmt: skip


@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=pytest.mark.deep if c.startswith("a ") else ()) for c in NO_PACK]
)
def test_what_cannot_be_a_pack_is_refused_by_name(site: Path, case: str) -> None:
    entry, says = NO_PACK[case]
    (site / "acme_alone.py").write_text("raise SystemExit('somebody imported the module')")
    (site / "acme_dock-1.2.0.dist-info/entry_points.txt").write_text(f"[{GROUP}]\n{entry}\n")
    result = reporter("formats")
    assert result.exit_code == 3 and says in result.output and "--no-packs" in result.output
    assert result.output.startswith("pack do")
    assert reporter("formats", "--no-packs").exit_code == 0


def test_a_pack_without_content_is_refused(site: Path) -> None:
    (site / "acme_void").mkdir()
    (site / "acme_dock-1.2.0.dist-info/entry_points.txt").write_text(f"[{GROUP}]\ndock = acme_void\n")  # fmt: skip
    result = reporter("formats")
    assert result.exit_code == 3 and "holds no folder checks" in result.output
    assert "pack dock 1.2.0" in result.output


def test_a_package_that_does_not_say_its_version_is_refused(site: Path) -> None:
    (site / "acme_dock-1.2.0.dist-info/METADATA").unlink()
    result = reporter("formats")
    assert result.exit_code == 3 and "does not say its name and version" in result.output


def test_the_questions_of_a_packs_catalog_are_asked(site: Path, tmp_path: Path) -> None:
    assert reporter("init", tmp_path / "ws").exit_code == 0
    assert "dock-rules,D-2," in (tmp_path / "ws/statements/attestations.csv").read_text("utf-8")
    assert reporter("init", tmp_path / "plain", "--no-packs").exit_code == 0
    assert "dock-rules" not in (tmp_path / "plain/statements/attestations.csv").read_text("utf-8")


# ---------------------------------------------------------------- models

MODEL = "models/sendings.sql"
SENDINGS = """\
-- One thing that an agent sent with success in the period, and where it went.
-- part
WITH heard AS (SELECT e.agent_id, e.destination, e.occurred_at, e.ref FROM events AS e
  WHERE e.in_window AND e.agent_kind = 'agent' AND e.outcome = 'success')
SELECT heard.agent_id, heard.destination, heard.occurred_at, heard.ref FROM heard WHERE heard.destination IS NOT NULL
"""


def with_model(site: Path, text: str = SENDINGS, name: str = MODEL) -> Path:
    """Put what the check reads of events into a model of the pack."""
    path = site / "acme_dock" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    own = site / "acme_dock" / CHECK
    plain = own.read_text("utf-8")
    i, j = plain.index("    FROM events AS e\n"), plain.index("    GROUP BY e.agent_id")
    own.write_text(f"{plain[:i]}    FROM {path.stem} AS e\n{plain[j:]}", "utf-8")
    return path


@pytest.mark.usefixtures("few_checks")
def test_one_file_of_each_kind_takes_part_without_any_other_edit(
    site: Path, first: Path, tmp_path: Path
) -> None:
    """A source, a model, a check, a catalog, a profile and an output format."""
    with_model(site)
    install_format(site)
    result = assess_as(tmp_path / "run", "json,markdown")
    assert result.exit_code == 0, result.output
    before, after = (face.open(r).results(check="ENT-51") for r in (first, tmp_path / "run"))
    told = ["subject", "status", "reason", "record", "id"]
    assert before[told].to_dict() == after[told].to_dict() and set(after["status"]) >= {
        "pass",
        "fail",
    }
    view = printed(tmp_path / "run")
    assert (view["frameworks"][-1]["id"], view["cover"]["profile"]) == ("dock-rules", "Dock Ltd")
    files = json.loads((tmp_path / "run/manifest.json").read_text("utf-8"))
    assert (
        "dock-gateway" in {i["source"] for i in files["inputs"]} and "report.md" in files["outputs"]
    )
    assert files["hashes"] != json.loads((first / "manifest.json").read_text("utf-8"))["hashes"]
    assert reporter("lint", "--no-examples").exit_code == 0


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        (SENDINGS, "models/activity.sql", "activity is a table or model that ships"),
        (SENDINGS.replace("-- part\n", ""), MODEL, "is not part of checks"),
        (SENDINGS.replace("-- One", "SELECT 1; -- One"), MODEL, "begins with no comment"),
        (SENDINGS.replace("FROM events", "FROM read_csv('/etc/passwd')"), MODEL, "is not a plain table name"),
        (SENDINGS.replace("FROM events", "FROM sendings"), MODEL, "the model sendings reads itself"),
        (SENDINGS.replace("e.destination,", "e.destinaton,"), MODEL, 'Did you mean "destination"?'),
    ],
)  # fmt: skip
def test_a_mistake_in_a_model_of_a_pack_is_told(
    site: Path, text: str, name: str, says: str
) -> None:
    with_model(site, text, name)
    result = reporter("lint", "--no-examples")
    assert result.exit_code == 3
    assert says in result.output and f"{name}" in result.output
    assert "It is of pack dock" in result.output


# ---------------------------------------------------------------- formats

FORMAT = """
from reporter.report import Format

def write(view, path):
    rows = [f"# {view.cover.organisation}", *(f"- {c.id}: {c.standing}" for c in view.checks if c.id == "ENT-51")]
    path.write_text("\\n".join(rows), encoding="utf-8")

FORMAT = Format("markdown", "report.md", write)
"""


def install_format(site: Path, text: str = FORMAT, name: str = "markdown") -> None:
    (site / "acme_paper.py").write_text(text)
    install(site, f"[agent_reporter.formats]\n{name} = acme_paper:FORMAT\n", "acme-paper", "0.3")


def assess_as(out: Path, formats: str, *words: str) -> Any:
    return reporter("assess", DOCK / "workspace", "--out", out, "--formats", formats, *words)  # fmt: skip


@pytest.mark.usefixtures("few_checks")
def test_an_installed_format_is_written_where_it_is_asked_for(site: Path, tmp_path: Path) -> None:
    install_format(site)
    run = tmp_path / "run"
    result = assess_as(run, "json,markdown")
    assert result.exit_code == 0, result.output
    (own,) = (c for c in printed(run)["checks"] if c["id"] == "ENT-51")
    text = f"# Dock Ltd\n- ENT-51: {own['standing']}"
    assert (run / "report.md").read_text("utf-8") == text
    assert "report.md" in json.loads((run / "manifest.json").read_text("utf-8"))["outputs"]
    assert "acme_paper" not in sys.modules
    assert reporter("render", run, "--format", "markdown", "--out", tmp_path).exit_code == 0
    assert (tmp_path / "report.md").read_text("utf-8") == text
    assert face.open(run).write("markdown", tmp_path / "x.md").read_text("utf-8") == text


@pytest.mark.usefixtures("few_checks")
def test_no_installed_format_is_imported_unless_asked_for(site: Path, tmp_path: Path) -> None:
    install_format(
        site, "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n" + FORMAT
    )
    assert assess_as(tmp_path / "run", "json,csv").exit_code == 0
    refused = assess_as(tmp_path / "other", "json,nothing")
    assert refused.exit_code == 2
    assert "'nothing' is not one of html, pdf, json, csv, docx, ocsf, oscal, pptx, sarif, xlsx, markdown" in refused.output  # fmt: skip
    assert not (site / "ran").exists()


BROKEN_FORMATS = {
    "cannot be imported": ("import acme_gone\n" + FORMAT, "it failed: No module named 'acme_gone'"),
    "ends the program": (FORMAT.replace("rows = [", "raise SystemExit(3)\n    rows = ["), "it "),
    "is no format": (FORMAT.replace("FORMAT = Format", "FORMAT = print"), "is not a Format called 'markdown'"),
    "is called otherwise": (FORMAT.replace('Format("markdown"', 'Format("md"'), "is not a Format called 'markdown'"),
    "writes elsewhere": (FORMAT.replace('"report.md"', '"../report.md"'), "is not a Format called 'markdown'"),
    "writes nothing": (FORMAT.replace("path.write_text(", "dict(text="), "writes no file of the name that it says"),
    "takes a file of another format": (FORMAT.replace('"report.md"', '"report.html"'), "writes report.html, which is another file of a run"),
}  # fmt: skip
BROKEN_IN_A_RUN = {
    "fails": (FORMAT.replace("rows = [", "rows = [1 // 0, "), "it failed: "),
    "takes a file of ours": (FORMAT.replace('"report.md"', '"quarantine.csv"'), "writes quarantine.csv, which is another file of a run"),
}  # fmt: skip


@pytest.mark.usefixtures("few_checks")
@pytest.mark.parametrize("case", BROKEN_IN_A_RUN)
def test_a_format_that_cannot_write_leaves_no_run(site: Path, tmp_path: Path, case: str) -> None:
    text, says = BROKEN_IN_A_RUN[case]
    install_format(site, text)
    result = assess_as(tmp_path / "run", "json,markdown")
    assert result.exit_code == 3 and not (tmp_path / "run").exists()
    assert "format markdown of package acme-paper 0.3: " in result.output and says in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("case", BROKEN_FORMATS)
def test_a_format_that_cannot_write_is_told_with_its_package(
    site: Path, first: Path, tmp_path: Path, case: str
) -> None:
    text, says = BROKEN_FORMATS[case]
    install_format(site, text)
    result = reporter("render", first, "--format", "markdown", "--out", tmp_path / "out")
    assert result.exit_code == 3 and not [*tmp_path.glob("out/*")]
    assert "format markdown of package acme-paper 0.3: " in result.output and says in result.output
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("few_checks")
def test_an_installed_format_takes_the_place_of_none_of_ours(site: Path, tmp_path: Path) -> None:
    install_format(site, FORMAT.replace('"markdown"', '"csv"'), "csv")
    assert assess_as(tmp_path / "run", "json,csv").exit_code == 0
    assert (tmp_path / "run/findings.csv").is_file() and not (tmp_path / "run/report.md").exists()


def test_two_formats_of_one_name_are_refused(site: Path, tmp_path: Path) -> None:
    install_format(site)
    install(site, "[agent_reporter.formats]\nmarkdown = acme_dock\n", "acme-more", "2")
    result = assess_as(tmp_path / "run", "json,markdown")
    assert result.exit_code == 3 and "brings a format of this name too" in result.output


def test_a_format_of_ours_is_a_file_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(Path(face.__file__).parent, tmp_path / "reporter")
    for name in ("frameworks", "templates"):
        (tmp_path / name).symlink_to(Path(face.__file__).parents[1] / name)
    (tmp_path / "reporter/report/formats/markdown.py").write_text(FORMAT)
    code = "from reporter.report import FILES, WRITERS; print('markdown' in WRITERS, FILES['markdown'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout == "True report.md\n"
    helped = subprocess.run([sys.executable, "-m", "reporter.cli", "assess", "--help"], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True)  # fmt: skip
    assert "markdown" in helped.stdout


def test_a_folder_of_ones_own_brings_no_macros(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/macros.sql").write_text("CREATE MACRO mine(x) AS x;\n")
    with pytest.raises(Errors, match=r"macros.sql: macros are only those that ship"):
        loader.load((tmp_path,))
