"""Counts that a report prints: "n of m" beside a share is that share, and one count has one value under one name."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from fractions import Fraction
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import reporter
from reporter.report import EDITIONS
from reporter.report.build import build, to_json
from reporter.report.document import View
from reporter.report.html import page as html
from reporter.runs.store import RESULTS, Results

BESIDE = re.compile(
    r"(?P<lo>\d+(?:\.\d+)?)(?:–(?P<hi>\d+(?:\.\d+)?))? %[^0-9.;·]{0,40}"
    r"\((?P<n>[\d,]+)(?:–(?P<m>[\d,]+))? of (?P<all>[\d,]+)\b"
)
"""A share and the counts it is made of, such as "83.7–87.8 % (41–43 of 49)"."""


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif isinstance(value, str):
        yield value


def whole(text: str) -> int:
    return int(text.replace(",", ""))


def shares(text: str) -> list[str]:
    """The shares of a text that the counts beside them do not give."""
    wrong = []
    for found in BESIDE.finditer(text):
        ends = [(found["lo"], found["n"]), (found["hi"] or found["lo"], found["m"] or found["n"])]
        for share, n in ends:
            decimals = len(share.partition(".")[2])
            if abs(100 * whole(n) / whole(found["all"]) - float(share)) > 0.51 / 10**decimals:
                wrong.append(found[0])
    return wrong


@pytest.fixture(scope="module")
def view(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> View:
    """The sample's last quarter as it is printed, compared with the quarter before."""
    later = reporter.open(sample / "q3")
    compared, folder = later.compare(sample / "q2"), tmp_path_factory.mktemp("compared")
    shutil.copy(later.folder / RESULTS, folder)
    shutil.copy(compared.held.path, folder)
    return build(compared.data, Results(folder, later.data.checks))


@pytest.fixture(scope="module")
def report(view: View) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(to_json(view))
    return loaded


def test_each_n_of_m_is_the_share_beside_it(view: View, report: dict[str, Any]) -> None:
    pages = [html.render(view, edition=edition) for edition in EDITIONS]
    said = [*texts(report), *(unescape(re.sub(r"<[^>]*>", "", page)) for page in pages)]
    assert not [*shares("50 % (1 of 2)")] and [*shares("33 % (1 of 2)")]
    assert [wrong for text in said for wrong in shares(text)] == []


def test_a_score_beside_results_is_their_share_or_says_what_it_goes_by(report: dict[str, Any]) -> None:  # fmt: skip
    groups = [report["themes"], *report["frameworks"]]
    lines = [line for g in groups for c in g["controls"] for line in c["checks"]]
    assessed = {c["id"]: (c["counts"], c["figure"], c["sample"]) for c in report["checks"]}
    told = [(c["id"], c["standing"]) for c in report["checks"]]
    told += [(line["check"]["text"], line[key]) for line in lines for key in ("standing", "brief")]
    noted = 0
    for check, text in told:
        n, shown, sample = assessed[check]
        everything = sum(
            n[k] for k in ("passed", "declared", "failed", "unknown", "attested", "compensated")
        )
        plain = [f"{n['passed']}/{everything}", f"{n['passed'] + n['unknown']}/{everything}"]
        exact = [shown["exact_lo"], shown["exact_hi"]]
        same = shown["assessed"] and [Fraction(p) for p in plain] == [Fraction(e) for e in exact]
        assert ("by tier weight" in text) == (shown["assessed"] and not same and not sample), text
        noted += "by tier weight" in text
    assert noted


def test_the_number_of_agents_in_use_is_one(sample_run: Path, report: dict[str, Any]) -> None:
    facts = {line["label"]: line["text"] for line in report["summary"]["facts"]}
    n = int(facts["Agents in use"])
    assert report["agents"]["text"].startswith(f"{n} agents in use,")
    assert sum(row["total"] for row in report["agents"]["rows"]) == n
    for name in ("observed.csv", "tiers.csv", "agents.csv"):
        assert len((sample_run / name).read_text("utf-8").splitlines()) == n + 1, name
    assert f" of {n} agents in use are under a policy" in report["summary"]["under_policy"]
    named = re.search(r": ((?:\d+ [a-z 0-9]+(?:, | and )?)+)\. Autonomy", report["observed"]["tiers_text"])  # fmt: skip
    assert named
    assert sum(int(k) for k in re.findall(r"(\d+) (?:in tier|between)", named[1])) == n


def test_no_two_tables_have_one_title(view: View) -> None:
    heads = re.findall(r"<h3[^>]*>(.*?)</h3>", html.render(view))
    tiers = [h for h in heads if "risk tier" in h]
    assert len(tiers) >= 2 and len(set(tiers)) == len(tiers)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("83.7–87.8 % (41 of 47)", True),
        ("83.7–87.8 % (41–43 of 49)", False),
        ("85.7 % (6 of 7)", False),
        ("74 % (37 of 50)", False),
        ("66.7 % (1 of 2)", True),
    ],
)
def test_the_rule_itself_tells_wrong_from_right(text: str, wrong: bool) -> None:
    assert bool(shares(text)) == wrong
