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

from reporter.authoring.inspect import needs_by_check
from reporter.content import loader
from reporter.errors import ContentError
from reporter.evaluate.evidence import fills_of, is_export, ways_to
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


def test_a_check_on_a_column_that_few_sources_have_needs_that_column() -> None:
    needs = needs_by_check(CONTENT)["CRD-09"]
    assert not needs.met_by({*fills_of(SOURCES["okta-users"])})
    assert needs.met_by({*fills_of(SOURCES["github-secret-scanning"]), "actors.state"})


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
