"""The numbers of observed.csv, unused.csv and coverage.csv, on companies so small that each can be counted by hand.

The period is July to September 2026: 92 days.
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from test_derived import Row, derived

import reporter
from reporter.authoring.examples import RUN
from reporter.evaluate import extract
from reporter.model.assessment import Coverage
from reporter.model.comparison import EntitlementUsage, UnusedGrant

BOT = {"actor_id": "bot", "kind": "agent", "state": "active"}


def use(at: str, tool: str = "t", **more: Any) -> Row:
    """One successful use of a tool by the agent bot."""
    return {"occurred_at": at, "actor_id": "bot", "tool": tool, **more}


def beat(at: str, **more: Any) -> Row:
    """A sign of life that records no act."""
    return {"occurred_at": at, "actor_id": "bot", "event_class": "heartbeat", **more}


def right(name: str, type_: str = "tool", **more: Any) -> Row:
    return {"actor_id": "bot", "type": type_, "name": name, **more}


def review(at: str, **more: Any) -> Row:
    return {"review_id": f"r{at}", "actor_id": "bot", "completed_at": at, **more}


def approval(scope: str, at: str) -> Row:
    return {"approval_id": f"a{scope}{at}", "actor_id": "bot", "type": "tool", "scope": scope, "granted_at": at}  # fmt: skip


# ---------------------------------------------------------------- observed.csv

COUNTED: dict[str, tuple[dict[str, list[Row]], dict[str, int | None]]] = {
    "nothing is known of it": ({}, {
        "granted": 0, "unused": 0, "outside": 0, "new": 0, "unapproved": 0, "unreviewed": 0,
        "longest_unreviewed_days": None, "events": 0, "denied": 0, "unseen": 0,
    }),
    "rights: a name counts once a type, whatever it is for; a role is none": (
        {"grants": [right("a"), right("a", purpose="p"), right("a", "data"), right("b", "destination"),
                    right("admin", "entitlement")]},
        {"granted": 3, "unused": 3},
    ),
    "rights: used at any time, by their pattern, by their own kind, and with success": (
        {"grants": [right("read.*"), right("write"), right("old"), right("db/*", "data"), right("t", "data"),
                    right("x.com", "destination"), right("y.com", "destination")],
         "events": [use("2026-08-01", "read.mail", resource="db/1", destination="x.com"),
                    use("2026-01-01", "old"), use("2026-08-01", "write", outcome="denied"), use("2026-08-01")]},
        {"granted": 7, "unused": 3},
    ),
    "outside: tools that worked in the period without a right that held": (
        {"grants": [right("a"), right("ended", expires_at="2026-07-31")],
         "events": [use("2026-08-01", "a"), use("2026-08-01", "b"), use("2026-08-02", "b"), use("2026-08-01", "ended"),
                    use("2026-08-01", "c", outcome="denied"), use("2026-06-30", "d"), use("2026-10-01", "e")]},
        {"outside": 2},
    ),
    "outside: cannot be said of an agent without a list of tools": (
        {"grants": [right("db", "data")], "events": [use("2026-08-01", "b")]},
        {"outside": 0},
    ),
    "new: first used in the period, a tool, data and a place each, for each purpose": (
        {"grants": [right("db/*", "data")],
         "events": [use("2026-06-30T23:59:59", "old"), use("2026-08-01", "old"), use("2026-07-01", "a"),
                    use("2026-09-30T23:59:59", "b"), use("2026-10-01", "after"), use("2026-08-01", "a", purpose="p"),
                    use("2026-08-01", "a", resource="db/1", destination="x.com; y.com")]},
        {"new": 6},
    ),
    "unapproved: never approved, or later than first used": (
        {"events": [use("2026-08-01", t) for t in ("never", "late", "same", "before", "other")],
         "approvals": [approval("late", "2026-08-02"), approval("same", "2026-08-01"), approval("before", "2026-07-31"),
                       approval("before", "2026-08-20"), approval("oth", "2026-07-01")]},
        {"new": 5, "unapproved": 3},
    ),
    "unreviewed: days to the next review, of the one that waited longest": (
        {"events": [use("2026-07-10", "a"), use("2026-07-20", "b"), use("2026-08-01", "c")],
         "reviews": [review("2026-07-05"), review("2026-08-01"), review("2026-08-20")]},
        {"new": 3, "unreviewed": 0, "longest_unreviewed_days": 22},
    ),
    "unreviewed: days to the date of the report where no review came": (
        {"events": [use("2026-07-10", "a"), use("2026-09-01", "b"), use("2026-09-21", "c")],
         "reviews": [review("2026-08-01"), review("2026-10-02")]},
        {"unreviewed": 2, "longest_unreviewed_days": 30},
    ),
    "events of the period, and those denied; heartbeats are none": (
        {"events": [use("2026-07-01"), use("2026-07-01", outcome="denied"), use("2026-08-01", outcome="denied"),
                    use("2026-09-30"), use("2026-06-30", outcome="denied"), use("2026-10-01"),
                    beat("2026-08-01")]},
        {"events": 4, "denied": 2, "unseen": 4},
    ),
    "unseen: from the day on which the last review looked": (
        {"events": [use(f"2026-08-{d:02d}") for d in range(1, 11)],
         "reviews": [review("2026-08-02"), review("2026-08-08", snapshot_at="2026-08-05"), review("2026-12-01")]},
        {"events": 10, "unseen": 6},
    ),
    "unseen: a review that looked later than it was completed looked when it was completed": (
        {"events": [use(f"2026-08-{d:02d}") for d in range(1, 11)],
         "reviews": [review("2026-08-03", snapshot_at="2026-08-09")]},
        {"unseen": 8},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, EntitlementUsage]:
    """What is said of each case, which has an agent of its own."""
    given: dict[str, list[Row]] = {"actors": []}
    for n, (rows, _) in enumerate(COUNTED.values()):
        given["actors"].append(BOT | {"actor_id": f"bot-{n}"})
        for table, own in rows.items():
            given.setdefault(table, []).extend(_renamed(row, n) for row in own)
    with derived(tmp_path_factory.mktemp("counted"), **given) as engine:
        said = {line.agent: line for line in extract.compared(engine).agents}
    return {case: said[f"bot-{n}"] for n, case in enumerate(COUNTED)}


def _renamed(row: Row, n: int) -> Row:
    names = ("actor_id", "review_id", "approval_id")
    return {k: f"{v}-{n}" if k in names else v for k, v in row.items()}


@pytest.mark.parametrize("case", COUNTED)
def test_what_an_agent_may_do_is_counted_beside_what_it_did(
    case: str, counted: dict[str, EntitlementUsage]
) -> None:
    _, expected = COUNTED[case]
    assert {name: asdict(counted[case])[name] for name in expected} == expected


def test_what_nobody_reviewed_waits_until_the_date_of_the_report(tmp_path: Path) -> None:
    """Which may be later than the end of the period; and what is reviewed at once did not wait."""
    later = replace(RUN, as_of=datetime(2026, 11, 1))
    events = [use("2026-09-01", "a"), use("2026-08-01", "b")]
    with derived(tmp_path, later, actors=[BOT], events=events, reviews=[review("2026-08-01")]) as e:
        (line,) = extract.compared(e).agents
    assert (line.unreviewed, line.longest_unreviewed_days) == (1, 61)


def test_agents_in_use_are_counted_apart_and_the_worst_stands_first(tmp_path: Path) -> None:
    others = [{"actor_id": n, "kind": k, "state": s} for n, k, s in (
        ("idle", "agent", "active"), ("gone", "agent", "retired"), ("bare", "agent", ""), ("svc", "workload", "active"))]  # fmt: skip
    events = [use("2026-08-01", actor_id=n) for n in ("bot", "gone", "svc", "bot")]
    with derived(tmp_path, actors=[BOT, *others], events=events) as engine:
        lines = [(o.agent, o.new, o.events) for o in extract.compared(engine).agents]
    assert lines == [("bot", 1, 2), ("bare", 0, 0), ("idle", 0, 0)]


# ---------------------------------------------------------------- unused.csv


def test_an_unused_right_is_told_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    grants = [
        right("used"), right("idle", purpose="p", effect="read", approved_at="2026-05-01"),
        right("drop", effect="delete", privileged=True), right("db", "data", privileged=False),
        right("role", "entitlement"), right("kept", actor_id="gone"),
    ]  # fmt: skip
    actors = [BOT, {"actor_id": "gone", "kind": "agent", "state": "retired"}]
    with derived(tmp_path, actors=actors, grants=grants, events=[use("2026-08-01", "used")]) as e:
        lines = extract.compared(e).unused
    assert lines == (
        UnusedGrant("bot", "tool", "drop", "", "delete", True, None, "grants#3"),
        UnusedGrant("bot", "data", "db", "", "", False, None, "grants#4"),
        UnusedGrant("bot", "tool", "idle", "p", "read", False, datetime(2026, 5, 1), "grants#2"),
    )


# ---------------------------------------------------------------- coverage.csv

SEEN: dict[str, tuple[list[str], tuple[int, int, int]]] = {
    "on no day": ([], (0, 92, 0)),
    "silent at the beginning": (["2026-09-29", "2026-09-30"], (2, 90, 2)),
    "silent at the end": (["2026-07-01"], (1, 91, 1)),
    "silent in between": (["2026-07-05", "2026-07-06", "2026-09-30"], (3, 85, 3)),
    "silent before more than after": (["2026-09-01"], (1, 62, 1)),
    "silent after more than before": (["2026-08-01"], (1, 60, 1)),
    "several times a day": (["2026-08-01T01:00", "2026-08-01T23:59", "2026-08-02"], (2, 59, 3)),
    "outside of the period": (["2026-06-30T23:59:59", "2026-10-01", "2026-08-01"], (1, 60, 1)),
    "every day": ([f"2026-{m:02d}-{d:02d}" for m, n in ((7, 31), (8, 31), (9, 30)) for d in range(1, n + 1)],
                  (92, 0, 92)),
}  # fmt: skip


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Coverage]:
    """What is said of each case, which has an agent and a log of its own."""
    logs = {case: {"actor_id": f"bot-{n}", "log_source": f"log-{n}"} for n, case in enumerate(SEEN)}
    given: dict[str, list[Row]] = {
        "actors": [BOT | {"actor_id": log["actor_id"]} for log in logs.values()],
        "actor_log_sources": [*logs.values()],
        "events": [use(t, **logs[case]) for case, (times, _) in SEEN.items() for t in times],
    }
    with derived(tmp_path_factory.mktemp("covered"), wanted={"coverage"}, **given) as engine:
        said = {line.agent: line for line in extract.coverage(engine)}
    assert len(said) == len(SEEN)
    return {case: said[log["actor_id"]] for case, log in logs.items()}


@pytest.mark.parametrize("case", SEEN)
def test_days_on_which_a_log_shows_an_agent_and_its_longest_silence(
    case: str, covered: dict[str, Coverage]
) -> None:
    """(days seen, longest silence in days, events)"""
    times, (days, gap, n) = SEEN[case]
    inside = sorted(t for t in times if "2026-07" <= t < "2026-10")
    number = list(SEEN).index(case)
    first, last = (datetime.fromisoformat(inside[x]) if inside else None for x in (0, -1))
    said = Coverage(f"bot-{number}", f"log-{number}", 92, days, gap, n, first, last)
    assert covered[case] == said


def test_each_log_covers_each_agent_for_itself_and_the_least_seen_stands_first(
    tmp_path: Path,
) -> None:
    actors = [BOT, {"actor_id": "two", "kind": "agent"}, {"actor_id": "ann", "kind": "human"}]
    named = [{"actor_id": "bot", "log_source": "siem"}, {"actor_id": "ann", "log_source": "siem"}]
    events = [
        *(use(f"2026-08-0{d}") for d in (1, 2)),
        use("2026-08-01", log_source="proxy"), use("2026-08-01", actor_id="two", outcome="denied"),
        use("2026-08-01", actor_id="ann"), beat("2026-08-01", log_source="siem"),
    ]  # fmt: skip
    given: dict[str, list[Row]] = {"actors": actors, "actor_log_sources": named, "events": events}
    with derived(tmp_path, wanted={"coverage"}, **given) as engine:
        lines = [(c.agent, c.log_source, c.seen_days, c.events) for c in extract.coverage(engine)]
    assert lines == [("bot", "siem", 0, 0), ("bot", "proxy", 1, 1), ("two", "gateway", 1, 1), ("bot", "gateway", 2, 2)]  # fmt: skip


# ---------------------------------------------------------------- the files


@pytest.mark.usefixtures("few_checks")
def test_each_number_stands_in_the_column_of_its_name(tmp_path: Path) -> None:
    """No two numbers of a line are alike, so that none can stand in another's place."""
    rights = [f"r{n}" for n in range(10)]
    agent = {
        "type": "agent",
        "actor_id": "bot",
        "state": "active",
        "log_sources": ["gateway"],
        "tools": rights,
    }
    last = {
        "type": "review",
        "review_id": "r",
        "actor_id": "bot",
        "due_at": "2026-09-01",
        "completed_at": "2026-09-01T00:00:00Z",
    }
    approved = [{"type": "approval", "approval_id": t, "actor_id": "bot", "approval_type": "tool", "scope": t,
                 "granted_at": "2026-07-01T00:00:00Z"} for t in ("r0", "r1", "x0")]  # fmt: skip
    calls = [(f"2026-08-0{n + 1}", f"r{n}") for n in range(4)]
    calls += [("2026-08-05", "x0"), ("2026-09-05", "x1"), ("2026-09-06", "x2")]
    calls += [("2026-09-07", "x2")] * 6
    events = [{"event_id": f"e{n}", "time": f"{at}T10:00:00Z", "log_source": "gateway", "actor_id": "bot",
               "event_class": "tool", "action": "call", "tool": tool, "outcome": "denied" if n in (7, 8, 9, 10, 11) else "success"}
              for n, (at, tool) in enumerate(calls)]  # fmt: skip
    ws = tmp_path / "ws"
    for name, rows in (("inventory/a.jsonl", [agent, last, *approved]), ("logs/a.jsonl", events)):
        (ws / name).parent.mkdir(parents=True)
        (ws / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (ws / "reporter.yml").write_text(
        "organisation: X\nperiod: {from: 2026-07-01, to: 2026-10-01}\n"
    )
    run = reporter.assess(ws)
    (observed,) = lines(run.folder / "observed.csv")
    assert observed == {
        "agent": "bot", "granted": "10", "unused": "6", "outside": "3", "new": "7", "unapproved": "4",
        "unreviewed": "2", "longest_unreviewed_days": "31", "events": "13", "denied": "5", "unseen": "8",
    }  # fmt: skip
    assert list(observed) == [f.name for f in fields(EntitlementUsage)]
    assert [(u["name"], u["privileged"], u["ref"]) for u in lines(run.folder / "unused.csv")] == [
        (f"r{n}", "false", "inventory/a.jsonl#1") for n in range(4, 10)
    ]
    (covered,) = lines(run.folder / "coverage.csv")
    assert covered == {
        "agent": "bot", "log_source": "gateway", "expected_days": "92", "seen_days": "8", "longest_gap_days": "31",
        "events": "13", "first_at": "2026-08-01T10:00:00", "last_at": "2026-09-07T10:00:00",
    }  # fmt: skip


def lines(path: Path) -> list[dict[str, str]]:
    """The lines of a table of the run, by the names of its columns."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
