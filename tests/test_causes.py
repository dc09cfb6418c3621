"""Failures by root cause: every failing result in exactly one, what is shared joins, no score is touched."""

from __future__ import annotations

import csv
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fixture_results import explained
from hypothesis import given
from hypothesis import strategies as st

from reporter.content import loader
from reporter.evaluate.root_causes import headline
from reporter.model.assessment import Check, Finding
from reporter.model.comparison import Cause, CauseGroup, ResultKey
from reporter.model.scores import Status
from reporter.runs.store import Results

CHECKS = [
    Check(i, f"title {i}", "", about, severity, 1, "both", "", "", "", headline=said)
    for i, about, severity, said in (
        ("CRD-01", "credential", "critical", "Listed twice"), ("CRD-02", "credential", "high", "Used twice"),
        ("IDN-01", "agent", "critical", "No identity of its own"),
        ("OWN-01", "agent", "medium", "No owner"), ("OWN-02", "agent", "low", "The owner is gone"),
        ("RUN-08", "agent", "low", "It runs loose"), ("RUN-09", "agent", "low", ""),
    )
]  # fmt: skip
GROUPS = [
    CauseGroup(
        "shared", "An identity is shared", ("CRD-01", "CRD-02", "IDN-01"), ("CRD-01", "CRD-02")
    ),
    CauseGroup("owner", "Nobody answers", ("OWN-01", "OWN-02")),
]


def finding(check: str, subject: str, actor: str = "", status: Status = Status.FAIL) -> Finding:
    """A finding of a check on a subject."""
    return Finding(
        check, subject, status, "said", "", f"{check}#{subject}", actor or subject, "ann", 2, 2
    )


def root_causes(*given: Any) -> tuple[Cause, ...]:
    """The causes of failures, without these."""
    return tuple(e.cause for e in explained(*given))


def short(causes: tuple[Cause, ...]) -> list[tuple[str, str, tuple[str, ...], int]]:
    """What tells causes apart."""
    return [(c.title, c.what, c.checks, c.failures) for c in causes]


def test_a_shared_key_is_one_cause_of_all_that_it_fails() -> None:
    found = [
        finding("CRD-01", "K", "a1"),
        finding("CRD-02", "K", "a1"),
        finding("IDN-01", "a1"),
        finding("IDN-01", "a2"),
    ]
    actors = {(c, "K"): ("a1", "a2") for c in ("CRD-01", "CRD-02")}
    causes = root_causes(found, CHECKS, GROUPS, actors)
    assert short(causes) == [("An identity is shared", "K", ("CRD-01", "CRD-02", "IDN-01"), 4)]
    assert causes[0].actors == ("a1", "a2")
    assert (causes[0].severity, causes[0].owners, causes[0].ref) == (
        "critical",
        ("ann",),
        "CRD-01#K",
    )


def test_agents_that_share_nothing_are_two_causes() -> None:
    causes = root_causes(
        [finding("OWN-01", "a1"), finding("OWN-02", "a1"), finding("OWN-01", "a2")],
        CHECKS,
        GROUPS,
        {},
    )
    assert short(causes) == [
        ("Nobody answers", "a1", ("OWN-01", "OWN-02"), 2), ("No owner", "a2", ("OWN-01",), 1)
    ]  # fmt: skip


def test_groups_are_not_joined_by_the_agent_they_share() -> None:
    causes = root_causes([finding("OWN-01", "a1"), finding("IDN-01", "a1")], CHECKS, GROUPS, {})
    assert [c.title for c in causes] == ["No identity of its own", "No owner"]


def test_a_check_of_no_group_is_a_cause_by_itself() -> None:
    assert short(root_causes([finding("RUN-09", "a1")], CHECKS, GROUPS, {})) == [
        ("Not met: title RUN-09", "a1", ("RUN-09",), 1)
    ]
    (cause,) = root_causes([finding("RUN-08", "a1")], CHECKS, GROUPS, {})
    assert (cause.title, cause.says) == ("It runs loose", ("RUN-08",))


@pytest.mark.parametrize("status", [s for s in Status if s != Status.FAIL])
def test_only_failures_have_causes(status: Status) -> None:
    assert root_causes([finding("OWN-01", "a1", status=status)], CHECKS, GROUPS, {}) == ()


FOUND = st.lists(
    st.tuples(st.sampled_from([c.id for c in CHECKS]), st.sampled_from("abcdef")), unique=True
).map(lambda pairs: [finding(c, s) for c, s in pairs])
SHARED = st.dictionaries(
    st.tuples(st.sampled_from(["CRD-01", "CRD-02"]), st.sampled_from("abcdef")),
    st.lists(st.sampled_from("abcdef"), min_size=1, unique=True).map(tuple),
)


@given(found=FOUND, actors=SHARED, seed=st.integers(0, 9))
def test_every_failure_stands_in_one_cause_whatever_the_order(
    found: list[Finding], actors: dict[tuple[str, str], tuple[str, ...]], seed: int
) -> None:
    causes = explained(found, CHECKS, GROUPS, actors)
    results = [(f.check, f.subject) for e in causes for f in e.failures]
    assert sorted(results) == sorted((f.check, f.subject) for f in found)
    for e in causes:
        assert dict(zip(e.cause.checks, e.cause.counts, strict=True)) == Counter(
            f.check for f in e.failures
        )
    again = found[:]
    random.Random(seed).shuffle(again)
    assert explained(again, CHECKS, GROUPS, actors) == causes


# ---------------------------------------------------------------- what they are called


@pytest.mark.parametrize(
    ("failing", "title", "says"),
    [
        (["OWN-02"], "The owner is gone", ("OWN-02",)),
        (["OWN-02", "OWN-01"], "Nobody answers", ("OWN-01", "OWN-02")),
        (["IDN-01", "CRD-02"], "An identity is shared", ("CRD-02",)),
        (["IDN-01"], "No identity of its own", ("IDN-01",)),
    ],
)
def test_a_title_says_what_the_failing_checks_found(
    failing: list[str], title: str, says: tuple[str, ...]
) -> None:
    by_id = {c.id: c for c in CHECKS}
    group = next(g for g in GROUPS if failing[0] in g.checks)
    assert headline(failing, by_id, group) == (title, says)


def test_what_a_title_needs_decides_and_else_the_worst_check_speaks() -> None:
    by_id = {c.id: c for c in CHECKS}
    group = CauseGroup("g", "Owned and loose", ("OWN-01", "OWN-02", "RUN-08"), ("RUN-08",))
    assert headline(["OWN-01", "OWN-02"], by_id, group) == ("No owner", ("OWN-01",))
    assert headline(["OWN-01", "RUN-08"], by_id, group) == ("Owned and loose", ("RUN-08",))


def test_a_shared_key_that_passes_what_the_title_says_is_not_named() -> None:
    found = [finding("CRD-02", "K1", "a1"), finding("CRD-01", "K2", "a1"), finding("IDN-01", "a1")]
    groups = [CauseGroup("g", "Listed", ("CRD-01", "CRD-02", "IDN-01"), ("CRD-01",))]
    actors = {("CRD-02", "K1"): ("a1", "a2"), ("CRD-01", "K2"): ("a1", "a3")}
    (cause,) = root_causes(found, CHECKS, groups, actors)
    assert (cause.title, cause.what) == ("Listed", "K2")


def contradicted(says: tuple[str, ...], what: str, results: dict[ResultKey, str]) -> list[str]:
    """The named subjects that pass what a title says of them, and fail none of it."""
    assessed = {s: [results[c, s] for c in says if (c, s) in results] for s in what.split(", ")}
    return [s for s, statuses in assessed.items() if "pass" in statuses and "fail" not in statuses]


@given(found=FOUND, actors=SHARED)
def test_no_title_contradicts_what_passes(
    found: list[Finding], actors: dict[tuple[str, str], tuple[str, ...]]
) -> None:
    failing = {(f.check, f.subject) for f in found}
    everything = {
        (c.id, subject): "fail" if (c.id, subject) in failing else "pass"
        for c in CHECKS
        for subject in ("abc" if c.about == "agent" else "def")
    }
    own = [f for f in found if (f.check, f.subject) in everything]
    shared = {result: who for result, who in actors.items() if result in everything}
    for cause in root_causes(own, CHECKS, GROUPS, shared):
        assert set(cause.says) <= set(cause.checks)
        assert not contradicted(cause.says, cause.what, everything), cause


def test_no_title_of_the_sample_contradicts_what_passes(sample_run: Path) -> None:
    with (sample_run / "causes.csv").open(encoding="utf-8-sig") as file:
        causes = list(csv.DictReader(file))
    rows = Results(sample_run, ()).rows(("check", "subject", "status"))
    results = {(check, subject): result for check, subject, result in rows}
    wrong = [
        c["cause"]
        for c in causes
        if contradicted(tuple(c["says"].split("; ")), c["what"], results)
        or not set(c["says"].split("; ")) <= set(c["checks"].split("; "))
    ]
    assert causes and wrong == []


def test_the_actions_of_the_sample_are_called_by_what_they_mend(sample_run: Path) -> None:
    content = loader.load()
    by_id = {c.id: c for c in content.checks}
    group_of = {check: g for g in content.causes for check in g.checks}
    with (sample_run / "todo.csv").open(encoding="utf-8-sig") as file:
        checks: dict[str, set[str]] = {}
        for row in csv.DictReader(file):
            checks.setdefault(row["action"], set()).add(row["check"])
    with (sample_run / "roadmap.csv").open(encoding="utf-8-sig") as file:
        fixing = [row for row in csv.DictReader(file) if row["kind"] == "implement"]
    for row in fixing:
        own = checks[row["id"]]
        group = group_of.get(min(own)) if row["id"] not in by_id else None
        assert row["title"] == headline(own, by_id, group)[0]
    assert len({row["title"] for row in fixing if row["id"].startswith("no-owner-")}) > 1


def test_every_check_has_a_headline_that_is_not_what_must_hold() -> None:
    checks = loader.load().checks
    assert [c.id for c in checks if not c.headline or c.headline == c.title] == []
    assert len({c.headline for c in checks}) == len(checks)
