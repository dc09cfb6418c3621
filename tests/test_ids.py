"""Ids last: what is open in both quarters of the sample company is called the same in both, in every format."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import fixture_assessment as given
import pytest
from conftest import read_results
from fixture_results import explained

from reporter.content.frameworks import read_causes
from reporter.engine.duckdb import DuckDB
from reporter.errors import ContentError
from reporter.model import ids
from reporter.model.assessment import Check, Finding
from reporter.model.comparison import Cause, CauseGroup
from reporter.model.history import JOINED, RENAMED, SPLIT
from reporter.model.scores import Status
from reporter.report.export import render
from reporter.report.trend.lifetimes import _between, _regrouped

QUARTERS = ("q2", "q3")


@pytest.fixture(scope="module")
def printed(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both quarters as HTML, CSV and OSCAL."""
    out: Path = tmp_path_factory.mktemp("printed")
    for quarter in QUARTERS:
        render(sample / quarter, ("html", "csv", "oscal"), out / quarter)
    return out


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def both(named: Iterable[Mapping[Any, str]]) -> list[tuple[str, str]]:
    """Return the two names of what has one in both quarters."""
    then, now = named
    found = [(then[key], now[key]) for key in then.keys() & now.keys()]
    assert len(found) > 20
    return found


def same(named: Iterable[Mapping[Any, str]]) -> bool:
    return all(then == now for then, now in both(named))


def failing(run: Path) -> dict[tuple[str, str], str]:
    rows = read_results(run, "status = 'fail'", ("check", "subject", "id"))
    return {(check, subject): id_ for check, subject, id_ in rows}


@pytest.mark.slow
def test_a_finding_keeps_its_id_in_the_data_and_the_table(sample: Path, printed: Path) -> None:
    assert same(failing(sample / q) for q in QUARTERS)
    assert same(
        {(r["check"], r["subject"]): r["id"] for r in table(printed / q / "findings.csv")}
        for q in QUARTERS
    )
    for quarter in QUARTERS:
        rows = read_results(sample / quarter, columns=("check", "subject", "id"))
        assert all(id_ == ids.finding(check, subject) for check, subject, id_ in rows)
        assert len({id_ for *_, id_ in rows}) == len(rows)


@pytest.mark.slow
def test_a_result_keeps_its_place_in_the_page(sample: Path, printed: Path) -> None:
    then, now = (
        set(re.findall(r'id="(v-[^"]+)"', (printed / q / "report.html").read_text("utf-8")))
        for q in QUARTERS
    )
    kept = failing(sample / "q2").keys() & failing(sample / "q3").keys()
    assert {f"v-{ids.finding(*result)}" for result in kept} <= then & now


def test_a_cause_and_its_action_keep_their_ids(sample: Path) -> None:
    named, actions = [], []
    for quarter in QUARTERS:
        rows = table(sample / quarter / "causes.csv")
        named.append({result: r["id"] for r in rows for result in r["results"].split("; ")})
        actions.append(
            {r["id"] for r in table(sample / quarter / "roadmap.csv") if r["kind"] == "implement"}
        )
        assert len({r["id"] for r in rows}) == len(rows)
        assert {a for a in actions[-1] if not re.fullmatch(r"[A-Z]{3}-\d\d", a)} <= set(
            named[-1].values()
        )
    assert same(named)
    assert len({now for _, now in both(named)} & actions[0] & actions[1]) > 20


def _oscal(folder: Path, name: str) -> Any:
    (document,) = json.loads((folder / "oscal" / name).read_text("utf-8")).values()
    return document


def _prop(of: Mapping[str, Any], name: str) -> str:
    return next((p["value"] for p in of.get("props", ()) if p["name"] == name), "")


@pytest.mark.slow
def test_oscal_calls_it_the_same_in_both_quarters(printed: Path) -> None:
    observations, risks, items, findings = [], [], [], []
    for quarter in QUARTERS:
        (result,) = _oscal(printed / quarter, "assessment-results.json")["results"]
        names = {
            i["uuid"]: _prop(i, "subject") for i in result["local-definitions"]["inventory-items"]
        }
        observations.append(
            {
                (_prop(o, "check"), names[o["subjects"][0]["subject-uuid"]]): o["uuid"]
                for o in result["observations"]
                if _prop(o, "status") == "fail"
            }
        )
        plan = _oscal(printed / quarter, "poam.json")
        risks.append({_prop(r, "action"): r["uuid"] for r in plan["risks"] if _prop(r, "action")})
        items.append({_prop(i, "action"): i["uuid"] for i in plan["poam-items"]})
        findings.append({f["target"]["target-id"]: f["uuid"] for f in result["findings"]})
    assert same(observations) and same(risks) and same(items) and same(findings)
    documents = [_oscal(printed / q, "poam.json")["uuid"] for q in QUARTERS]
    assert documents[0] != documents[1]


def _check(name: str) -> Check:
    return Check(
        name,
        name,
        "",
        "credential" if name.startswith("CRD") else "agent",
        "high",
        2,
        "both",
        "",
        "Mend it.",
        "",
    )


CHECKS = [_check(c) for c in ("CRD-01", "CRD-02", "OWN-01")]
GROUPS = (
    CauseGroup("shared", "Shared", ("CRD-01", "CRD-02"), identity="shared"),
    CauseGroup("owner", "Owner", ("OWN-01",)),
)


def _causes(
    results: Sequence[tuple[str, str, str]], shared: Mapping[tuple[str, str], tuple[str, ...]]
) -> set[str]:
    found = [Finding(c, s, Status.FAIL, "", "", "", actor, "", 2, 2) for c, s, actor in results]
    return {e.cause.id for e in explained(found, CHECKS, GROUPS, shared)}


def test_a_shared_key_stays_one_defect_whoever_else_uses_it() -> None:
    results = [("CRD-02", "key", "a2")]
    then = _causes(results, {("CRD-02", "key"): ("a2", "a3")})
    now = _causes(results, {("CRD-02", "key"): ("a1", "a2", "a3")})
    assert then == now == {ids.cause("shared", ["key"])}


def test_what_two_things_of_one_name_have_is_told_apart() -> None:
    results = [("CRD-01", "x", "a1"), ("CRD-02", "k2", "x")]
    named = _causes(results, {("CRD-01", "x"): ("a1", "a2")})
    assert named == {ids.cause("shared", ["x"]), f"{ids.cause('shared', ['x'])}-2"}


def _cause(name: str, *subjects: str) -> tuple[str, tuple[str, ...]]:
    return name, subjects


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        ([_cause("a", "x"), _cause("b", "y")], [_cause("a", "x"), _cause("b", "y", "new")], []),
        (
            [_cause("a", "x"), _cause("b", "y")],
            [_cause("a", "x", "y")],
            [("a", JOINED, ("a", "b"))],
        ),
        ([_cause("a", "x", "y")], [_cause("a", "x"), _cause("b", "y")], [("b", SPLIT, ("a",))]),
        ([_cause("a", "x")], [_cause("b", "x")], [("b", RENAMED, ("a",))]),
        ([_cause("a", "x")], [_cause("b", "y")], []),
    ],
)
def test_a_cause_that_is_joined_split_or_renamed_says_so(
    then: list[tuple[str, tuple[str, ...]]], now: list[tuple[str, tuple[str, ...]]],
    told: list[tuple[str, str, tuple[str, ...]]], tmp_path: Path,
) -> None:  # fmt: skip
    with DuckDB(tmp_path) as engine:
        for n, run in enumerate((then, now)):
            engine.run(
                f"CREATE TABLE run_{n} (check_id VARCHAR, subject VARCHAR, cause VARCHAR, status VARCHAR)"
            )
            engine.insert(f"run_{n}", [("C-01", s, name, "fail") for name, own in run for s in own])
        causes = [Cause(name, "", (), "", "high", (), (), (), (), "") for name, _ in now]
        origins = _between(engine, 1, given.single(), given.single()).origins
        assert [(r.id, r.how, r.before) for r in _regrouped(origins, causes)] == told


def test_an_identity_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "causes.yml"
    path.write_text("causes: [{id: a, title: A, checks: [X-01], identity: key}]")
    with pytest.raises(ContentError, match="a: no identity 'key'") as caught:
        read_causes(path)
    assert caught.value.hint == "Known: actor, shared."
