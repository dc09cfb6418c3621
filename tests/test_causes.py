"""Failures by root cause: every failing cell in exactly one, what is shared joins, no score is touched."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporter.causes import root_causes
from reporter.compared import Cause, CauseGroup
from reporter.model import Check, Finding
from reporter.scores import Status

CHECKS = [
    Check(i, f"title {i}", "", about, severity, 1, "both", "", "", "")
    for i, about, severity in (
        ("CRD-01", "credential", "critical"), ("CRD-02", "credential", "high"), ("IDN-01", "agent", "critical"),
        ("OWN-01", "agent", "medium"), ("OWN-02", "agent", "low"), ("RUN-09", "agent", "low"),
    )
]  # fmt: skip
GROUPS = [
    CauseGroup("shared", "An identity is shared", ("CRD-01", "CRD-02", "IDN-01")),
    CauseGroup("owner", "Nobody answers", ("OWN-01", "OWN-02")),
]


def cell(check: str, subject: str, actor: str = "", status: Status = Status.FAIL) -> Finding:
    """A finding of a check on a subject."""
    return Finding(
        check, subject, status, "why", f"{check}#{subject}", actor or subject, "ann", "2"
    )


def short(causes: tuple[Cause, ...]) -> list[tuple[str, str, tuple[str, ...], int]]:
    """What tells causes apart."""
    return [(c.title, c.what, c.checks, len(c.cells)) for c in causes]


def test_a_shared_key_is_one_cause_of_all_that_it_fails() -> None:
    found = [
        cell("CRD-01", "K", "a1"),
        cell("CRD-02", "K", "a1"),
        cell("IDN-01", "a1"),
        cell("IDN-01", "a2"),
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
        [cell("OWN-01", "a1"), cell("OWN-02", "a1"), cell("OWN-01", "a2")], CHECKS, GROUPS, {}
    )
    assert short(causes) == [
        ("Nobody answers", "a1", ("OWN-01", "OWN-02"), 2), ("Nobody answers", "a2", ("OWN-01",), 1)
    ]  # fmt: skip


def test_groups_are_not_joined_by_the_agent_they_share() -> None:
    causes = root_causes([cell("OWN-01", "a1"), cell("IDN-01", "a1")], CHECKS, GROUPS, {})
    assert [c.title for c in causes] == ["An identity is shared", "Nobody answers"]


def test_a_check_of_no_group_is_a_cause_by_itself() -> None:
    assert short(root_causes([cell("RUN-09", "a1")], CHECKS, GROUPS, {})) == [
        ("title RUN-09", "a1", ("RUN-09",), 1)
    ]


@pytest.mark.parametrize("status", [s for s in Status if s != Status.FAIL])
def test_only_failures_have_causes(status: Status) -> None:
    assert root_causes([cell("OWN-01", "a1", status=status)], CHECKS, GROUPS, {}) == ()


FOUND = st.lists(
    st.tuples(st.sampled_from([c.id for c in CHECKS]), st.sampled_from("abcdef")), unique=True
).map(lambda pairs: [cell(c, s) for c, s in pairs])
SHARED = st.dictionaries(
    st.tuples(st.sampled_from(["CRD-01", "CRD-02"]), st.sampled_from("abcdef")),
    st.lists(st.sampled_from("abcdef"), min_size=1, unique=True).map(tuple),
)


@given(found=FOUND, actors=SHARED, seed=st.integers(0, 9))
def test_every_failure_stands_in_one_cause_whatever_the_order(
    found: list[Finding], actors: dict[tuple[str, str], tuple[str, ...]], seed: int
) -> None:
    causes = root_causes(found, CHECKS, GROUPS, actors)
    cells = [c for cause in causes for c in cause.cells]
    assert sorted(cells) == sorted((f.check, f.subject) for f in found)
    again = found[:]
    random.Random(seed).shuffle(again)
    assert root_causes(again, CHECKS, GROUPS, actors) == causes
