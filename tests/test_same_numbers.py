"""One control, one number: every format prints what the run says, and every list of findings holds what it counts."""

from __future__ import annotations

import csv
import functools
import html as entities
import json
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import fixture_assessment as given
import openpyxl
import pytest
from conftest import printed as printed_view
from conftest import reporter

from reporter.report import FILES
from reporter.report.export import render
from reporter.runs.store import read_data, to_json
from reporter.score import printed

pytestmark = pytest.mark.slow

FORMATS = ("html", "json", "csv", "xlsx", "ocsf", "sarif")
Told = dict[str, Counter[str]]
"""Check -> how many results of each status."""


@pytest.fixture(scope="module", params=["rich", "empty", "perfect", "run"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every format of one assessment, in one folder."""
    out: Path = tmp_path_factory.mktemp("numbers")
    if request.param == "run":
        reporter("init", out / "ws")
        done = reporter("assess", out / "ws", "--out", out / "run", "--quiet", "--formats", ",".join(FORMATS))  # fmt: skip
        assert done.exit_code == 0, done.output
        return out / "run"
    given.leave(getattr(given, request.param)(), out / "run")
    # An invented assessment: its causes are those of no results, so findings.csv is the only table.
    render(out / "run", [f for f in FORMATS if f != "json"], out / "printed", tables=False)
    for path in (out / "printed").iterdir():
        path.rename(out / "run" / path.name)
    return out / "run"


def raw(folder: Path) -> dict[str, Any]:
    """Return the view of a run."""
    return printed_view(folder)


def lists(folder: Path) -> list[dict[str, Any]]:
    """Return the frameworks of a run, the themes among them."""
    report = raw(folder)
    return [report["themes"], *report["frameworks"]]


BOOK = functools.cache(openpyxl.load_workbook)


def rows_of(folder: Path, sheet: str) -> list[dict[str, Any]]:
    """Return the rows of a sheet by their headings."""
    head, *rows = BOOK(folder / FILES["xlsx"])[sheet].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def spread(lo: str, hi: str) -> str:
    """Print a range as a reader is to find it: two ends that print alike once."""
    return f"{lo} %" if lo == hi else f"{lo}–{hi} %"


def test_the_workbook_has_the_number_of_every_control(folder: Path) -> None:
    rows = {(r["framework"], r["id"]): r for r in rows_of(folder, "Controls")}
    told = [(f, c) for f in lists(folder) for c in f["controls"]]
    assert len(rows) == len(told) > 10
    for f, c in told:
        row, figure = rows[f["short"], c["id"]], c["figure"]
        if not figure["assessed"]:
            assert (row["score"], row["exact"], row["exact at most"]) == (figure["text"], None, None)  # fmt: skip
            continue
        assert (row["exact"], row["exact at most"]) == (figure["exact_lo"], figure["exact_hi"])
        lo, hi = f"{100 * row['score']:.1f}", f"{100 * row['score at most']:.1f}"
        assert (f"{lo} %", spread(lo, hi)) == (figure["text"], figure["range"])
        assert row["rating"] == c["rating"]
        permits = c["permits"] or {"lo": None, "hi": None}
        assert (row["permits"], row["permits at most"]) == (permits["lo"], permits["hi"])


def test_what_is_printed_is_the_exact_fraction(folder: Path) -> None:
    for f in lists(folder):
        for c in (*f["controls"], f["total"]):
            figure = c["figure"]
            if figure["assessed"]:
                lo, hi = (printed(Fraction(figure[k])) for k in ("exact_lo", "exact_hi"))
                assert (figure["text"], figure["range"]) == (f"{lo} %", spread(lo, hi))


def test_the_page_has_the_number_of_every_control(folder: Path) -> None:
    page = (folder / FILES["html"]).read_text("utf-8")
    starts = {m[1]: m.start() for m in re.finditer(r'id="([^"]+)"', page)}
    order = sorted(starts.values())
    if raw(folder)["readiness"]:  # a readiness report scores no control: it has no entry of any
        assert not starts.keys() & {c["anchor"] for f in lists(folder) for c in f["controls"]}
        return
    for f in lists(folder):
        for c in f["controls"]:
            start = starts[c["anchor"]]
            after = next((p for p in order if p > start), len(page))
            bare = re.sub(r"</?(b|span)\b[^>]*>", "", page[start:after])  # it parts no words
            text = " ".join(entities.unescape(re.sub(r"<[^>]+>", " ", bare)).split())
            figure = c["figure"]
            assert (figure["range"] or figure["text"]) in text, c["id"]


def counted(folder: Path) -> Told:
    """Return how many results of each check fail and are unknown, as the report counts them."""
    return {
        c["id"]: +Counter({"fail": c["counts"]["failed"], "unknown": c["counts"]["unknown"]})
        for c in raw(folder)["checks"]
        if c["counts"]["failed"] + c["counts"]["unknown"]
    }


def tally(pairs: list[tuple[str, str]]) -> Told:
    """Count (check, status) pairs."""
    told: Told = {}
    for check, status in pairs:
        if status in ("fail", "unknown"):
            told.setdefault(check, Counter())[status] += 1
    return told


def table(folder: Path) -> list[dict[str, str]]:
    """Return the rows of findings.csv."""
    with (folder / FILES["csv"]).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_list_of_findings_holds_what_the_report_counts(folder: Path) -> None:
    lines = (folder / FILES["ocsf"]).read_text("utf-8").split("\n")[:-1]
    compliances = [json.loads(line)["compliance"] for line in lines]
    seen = {
        "csv": tally([(r["check"], r["status"]) for r in table(folder)]),
        "xlsx": tally([(r["check"], r["status"]) for r in rows_of(folder, "Findings")]),
        "ocsf": tally([(c["control"], c["status_code"]) for c in compliances]),
    }
    sheet = {r["id"]: +Counter({"fail": r["failed"], "unknown": r["unknown"]}) for r in rows_of(folder, "Checks")}  # fmt: skip
    seen["xlsx, its checks"] = {check: n for check, n in sheet.items() if n}
    assert seen == dict.fromkeys(seen, counted(folder))


def test_sarif_holds_what_the_report_counts_of_configuration(folder: Path) -> None:
    (run,) = json.loads((folder / FILES["sarif"]).read_text("utf-8"))["runs"]
    kinds = {"fail": "fail", "open": "unknown"}
    found = tally([(r["ruleId"], kinds.get(r["kind"], "")) for r in run["results"]])
    evidence = {c["id"]: c["needs"] for c in raw(folder)["checks"]}
    told = [
        (r["check"], r["status"])
        for r in table(folder)
        if evidence[r["check"]] != "logs" and r["record"].startswith(("inventory/", "statements/"))
    ]
    assert found == tally(told)
    assert len(run["results"]) + run["properties"]["leftOutNoConfiguration"] == len(table(folder))


def test_the_run_is_read_back_as_it_was_written(folder: Path) -> None:
    assert to_json(read_data(folder)) == (folder / FILES["json"]).read_bytes()
