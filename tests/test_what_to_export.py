"""What to bring next: each export says how it is got, and the lists of what would decide more checks are true."""

from __future__ import annotations

import html
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import reporter

from reporter.authoring.inspect import needs_by_check, with_next
from reporter.content import loader
from reporter.errors import ContentError
from reporter.evaluate.evidence import Needs, deciding, fills_of, is_export, ways_to
from reporter.system.folders import content_dir

pytestmark = pytest.mark.slow

FILES = Path(__file__).parent / "data" / "sources"
CONTENT = loader.load()
QUERIES = loader.read_queries()
SOURCES = {s.id: s for s in CONTENT.sources}


def workspace(folder: Path, **sources: str) -> Path:
    """Write a workspace with the fixtures of sources, each under the folder that is given."""
    folder.mkdir(parents=True)
    settings = {
        "organisation": "Quay Ltd",
        "period": {"from": "2026-01-01", "to": "2026-10-01"},
        "as_of": "2026-10-01",
    }
    (folder / "reporter.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    for name, place in sources.items():
        source = name.replace("_", "-")
        shutil.copytree(
            FILES / source, folder / place / source, ignore=shutil.ignore_patterns("golden.json")
        )
    return folder


def listed(exports: list[dict[str, Any]]) -> dict[str, set[str]]:
    return {e["source"]: {*e["checks"]} for e in exports}


@pytest.mark.parametrize("source", [s for s in CONTENT.sources if is_export(s)], ids=lambda s: s.id)
def test_each_export_says_how_it_is_got(source: Any) -> None:
    assert ways_to(source, QUERIES)
    lines = source.export.splitlines()
    assert len(lines) <= 4 and all(line == line.strip() and line for line in lines)
    if source.id.startswith("steampipe-"):
        assert not lines, "its export is the query"


def test_an_export_that_is_no_text_is_refused(tmp_path: Path) -> None:
    text = (content_dir()[1] / "okta-users.yml").read_text(encoding="utf-8")
    start, end = text.index("export: |"), text.index("evidence:")
    path = tmp_path / "okta-users.yml"
    path.write_text(f"{text[:start]}export: [curl]\n{text[end:]}", encoding="utf-8")
    with pytest.raises(ContentError, match="export"):
        loader.read_source(path)
    path.write_text(f"{text[:start]}{text[end:]}", encoding="utf-8")
    assert loader.read_source(path).export == ""


def test_a_query_is_one_line_that_can_be_pasted() -> None:
    (way,) = (
        w for w in ways_to(SOURCES["aws-log-stores"], QUERIES) if "aws_cloudtrail_trail " in w
    )
    assert "\n" not in way and "--" not in way
    assert way.startswith("Steampipe: SELECT arn, name, home_region,")
    assert way.endswith("FROM aws_cloudtrail_trail WHERE region = home_region")


def test_what_is_listed_is_what_adding_it_decides(tmp_path: Path) -> None:
    before = workspace(tmp_path / "before", okta_users="inventory", okta_apps="inventory")
    files, exports = with_next(before)
    assert {f["source"] for f in files} == {"okta-users", "okta-apps"}
    sizes = [len(e["checks"]) for e in exports]
    assert sizes == sorted(sizes, reverse=True) and min(sizes) > 0
    promised = listed(exports)
    assert not {"okta-users", "okta-apps", "reporter-events"} & {*promised}
    assert "AUD-01" in promised["okta-system-log"]

    after = workspace(
        tmp_path / "after", okta_users="inventory", okta_apps="inventory", okta_system_log="logs"
    )
    still = set().union(*listed(with_next(after)[1]).values())
    kept = promised["okta-system-log"] - still
    assert "AUD-01" in kept and len(kept) > 10, "its fixture carries what they need"


def test_a_check_counts_only_where_all_that_it_needs_is_recorded() -> None:
    users, stores = SOURCES["okta-users"], SOURCES["aws-log-stores"]
    needs = {
        "A": Needs(frozenset({"actors.actor_id", "credentials.issued_at"})),
        "B": Needs(frozenset({"actors.owner_id"})),
        "C": Needs(frozenset(), frozenset({"log_stores.integrity", "events.hash"})),
        "D": Needs(frozenset({"events"})),
    }
    nothing: frozenset[tuple[str, str, str]] = frozenset()
    assert deciding(needs, nothing, (users, stores)) == [(stores, ("C",)), (users, ("B",))]
    carried = frozenset({("x-y", "credentials", "issued_at")})
    assert deciding(needs, carried, (users,)) == [(users, ("A", "B"))]
    there = frozenset({("okta-users", "actors", "owner_id")})
    assert deciding(needs, there, (users,)) == [], "what is there is no export to bring"


def test_a_check_on_a_column_that_few_sources_have_needs_that_column() -> None:
    needs = needs_by_check(CONTENT)["CRD-09"]
    assert not needs.met_by({*fills_of(SOURCES["okta-users"])})
    assert needs.met_by({*fills_of(SOURCES["github-secret-scanning"]), "actors.state"})


def test_formats_lists_what_would_decide_more(tmp_path: Path) -> None:
    place = workspace(tmp_path / "ws", okta_users="inventory")
    output = reporter("formats", place).output
    files, _, following = output.partition("What would decide more checks")
    assert "okta-users" in files and "okta-system-log" in following
    assert f"    {SOURCES['okta-system-log'].export.splitlines()[0]}" in following.splitlines()
    heads = [line for line in following.splitlines() if " checks, " in line or " check, " in line]
    assert 1 < len(heads) <= 10 and "docs/what-to-export.md" in following
    only = reporter("formats", place, "--next").output
    assert only.startswith("What would decide more checks") and only.strip() in output
    exports = json.loads(reporter("formats", place, "--next", "--json").output)
    assert exports and all({*e} == {"source", "title", "checks", "how"} for e in exports)
    files_only = json.loads(reporter("formats", place, "--json").output)
    assert {f["source"] for f in files_only} == {"okta-users"}


def test_a_workspace_that_records_all_is_told_so(good: Path) -> None:
    output = reporter("formats", good).output
    exports = json.loads(reporter("formats", good, "--next", "--json").output)
    assert ("No export by itself would make more checks decidable." in output) == (not exports)


def test_only_a_workspace_is_told_what_to_bring(good: Path) -> None:
    assert "decid" not in reporter("formats", good / "inventory").output
    result = reporter("formats", good / "inventory", "--next")
    assert result.exit_code == 3 and "--next needs the folder of one workspace" in result.output


def test_the_report_says_how_to_get_what_is_to_be_brought(tmp_path: Path) -> None:
    place, run = workspace(tmp_path / "ws", entra_users="inventory"), tmp_path / "run"
    assert (
        reporter("assess", place, "--out", run, "--formats", "html,json", "--quiet").exit_code == 0
    )
    wanted = json.loads((run / "report.json").read_text(encoding="utf-8"))["wanted"]
    assert wanted
    for export in wanted:
        assert export["steps"] == ways_to(SOURCES[export["sources"][0]], QUERIES)[0]
    page = html.unescape((run / "report.html").read_text(encoding="utf-8"))
    assert "How to get it" in page
    for export in wanted:
        first, _, others = export["steps"].partition("\n")
        assert f"{first} …" in page if others else first in page
