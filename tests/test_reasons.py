"""What checks say beside their results, where a wrong word survived the examples: found by changing their SQL."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from reporter.authoring import examples
from reporter.authoring.examples import results_of
from reporter.content import loader
from reporter.i18n.translate import speaking
from reporter.model.assessment import Check
from reporter.model.reasons import Reasons, filled, parsed


@pytest.fixture(scope="module")
def checks() -> dict[str, Check]:
    return {c.id: c for c in loader.load().checks}


def event(actor: str, kind: str | None, day: str, outcome: str = "success") -> dict[str, Any]:
    told = {"occurred_at": f"2026-08-{day}", "actor_id": actor, "outcome": outcome}
    return told | ({"actor_kind": kind} if kind else {})


def test_who_is_in_no_list_is_told_by_what_its_own_log_says_of_it(checks: dict[str, Check]) -> None:
    given = {
        "actors": [{"actor_id": "ann", "kind": "human"}],
        "events": [
            event("person", "human", "02"), event("job", "service_account", "03"), event("untold", None, "04"),
            event("two", "human", "05"), event("two", "service_account", "06"),
            event("tried", "human", "07"), event("tried", "service_account", "08", "denied"),
        ],
    }  # fmt: skip
    told = {s: reason for s, (_, reason) in results_of(checks["INV-02"], {"given": given}).items()}
    seen = "in no register, yet acting since 2026-08-{} ({})".format
    assert told == {
        "person": f"{seen('02', '1 event')}; kind according to the log alone: human",
        "job": f"{seen('03', '1 event')}; kind according to the log alone: service account",
        "untold": f"{seen('04', '1 event')}; neither a list nor the log says what it is",
        "two": f"{seen('05', '2 events')}; the log calls it both human and service account",
        "tried": f"{seen('07', '1 event')}; kind according to the log alone: human",
    }


def agent(name: str, owner: str, second: str, risk: str) -> dict[str, Any]:
    told = {"owner_id": owner, "technical_owner_id": second, "risk_tier": risk}
    return {"actor_id": name, "kind": "agent", "state": "active", **told}


def test_an_owner_is_told_by_what_is_wrong_with_it(checks: dict[str, Check]) -> None:
    people = [{"actor_id": who, "kind": "human", "state": "active"} for who in ("ann", "bob")]
    agents = [
        agent("none", "", "bob", "low"), agent("group", "desk", "bob", "high"), agent("alone", "ann", "", "high"),
        agent("twice", "ann", "Ann ", "high"), agent("two", "ann", "bob", "high"), agent("low", "ann", "ann", "low"),
    ]  # fmt: skip
    given = {"actors": [*people, {"actor_id": "desk", "kind": "group"}, *agents]}
    told = results_of(checks["OWN-01"], {"given": given})
    assert {name: told[name][1] for name in ("none", "group", "low")} == {
        "none": "no owner is recorded",
        "group": "owner desk is listed as group, not as a person",
        "low": "owned by ann",
    }
    told = results_of(checks["OWN-03"], {"given": given})
    assert {name: told[name][1] for name in told} == {
        "group": "technical owner bob, beside owner desk",
        "alone": "this high-risk agent has no second, technical owner",
        "twice": "owner and technical owner are the same person, ann",
        "two": "technical owner bob, beside owner ann",
    }


# ---------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    ("sentence", "values", "says"),
    [
        ("{tool} is not granted", {"tool": "pay"}, "pay is not granted"),
        ("{tool} is not granted[, and {n} more]", {"tool": "pay"}, "pay is not granted"),
        ("{tool} is not granted[, and {n} more]", {"tool": "a", "n": 2}, "a is not granted, and 2 more"),
        ("seen on {at:day}", {"at": "2026-07-01 09:30:00"}, "seen on 2026-07-01"),
        ("{n:day|days} late", {"n": 1}, "1 day late"),
        ("{n:day|days} late", {"n": 1200}, "1,200 days late"),
        ("a {kind:word}", {"kind": "service_account"}, "a service account"),
        ("{what:word} lacks", {"what": "own"}, "an owner lacks"),
        ("no record holds {columns}", {"columns": ["a", "b", "c", "d", "e"]}, "no record holds a, b, c and 2 more"),
        ("owner {owner}", {}, "owner not recorded"),
        ("{flag}", {"flag": True}, "yes"),
    ],
)  # fmt: skip
def test_a_sentence_says_its_values(sentence: str, values: dict[str, Any], says: str) -> None:
    assert filled(sentence, values, {"own": "an owner"}) == says


@pytest.mark.parametrize("sentence", ["{", "a [b", "b]", "{A}", "{a b}", "[a [b] c]", "{a:}"])
def test_what_is_no_sentence_is_refused(sentence: str) -> None:
    with pytest.raises(ValueError, match="."):
        parsed(sentence)


def test_a_reason_is_said_in_the_language_that_is_spoken(checks: dict[str, Check]) -> None:
    reasons = Reasons(checks.values())
    values = json.dumps({"log_source": "gw", "seen": 1, "expected": 92})
    assert reasons.of("OWN-01", "silent_days", values) == "log source gw delivered on 1 of 92 days"
    with speaking("de"):
        assert (
            reasons.of("OWN-01", "silent_days", values)
            == "Protokollquelle gw lieferte an 1 von 92 Tagen"
        )
        assert reasons.of("OWN-01", "no_owner", "") == "kein Verantwortlicher ist eingetragen"
    assert reasons.of("OWN-01", "no_owner", "") == "no owner is recorded"


def test_a_code_of_another_version_is_told_as_it_stands(checks: dict[str, Check]) -> None:
    reasons = Reasons(checks.values())
    assert reasons.of("OWN-01", "gone_code", '{"owner":"ann"}') == "gone_code (owner ann)"
    assert reasons.of("ZZZ-01", "gone_code", "") == "gone_code"
    made_good = '{"compensated":{"by":"REV-01","until":"2026-12-31","ref":"s.csv#1"}}'
    assert reasons.of("OWN-01", "no_owner", made_good) == (
        "no owner is recorded; compensated by REV-01 until 2026-12-31 (s.csv#1)"
    )


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("{n:>10} events", "{n:>10}: no form '>10' of a value"),
        ("{n:a|b|c}", "{n:a|b|c}: no form 'a|b|c' of a value"),
        ("{n:|days}", "{n:|days}: no form '|days' of a value"),
        ("{n:Day}", "{n:Day}: no form 'Day' of a value"),
        ("it holds[ or not]", "[ or not] names no value"),
        ("{N}", "{N} is not a place of a value"),
        ("it [holds", "[ is not closed"),
    ],
)
def test_a_sentence_that_cannot_be_filled_is_refused(sentence: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        parsed(sentence)


def test_a_share_of_recent_actions_counts_those_of_the_day_of_the_report(
    checks: dict[str, Check], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uses ran up to the hour of the report, days up to the one before: 250 % went to a new tool."""
    monkeypatch.setattr(examples, "RUN", replace(examples.RUN, as_of=datetime(2026, 9, 30, 14)))
    days = [*(f"2026-09-{n:02}" for n in range(1, 15)), "2026-08-20", "2026-09-25", "2026-09-26"]
    events = [{"occurred_at": day, "actor_id": "a1", "tool": "t", "resource": ""} for day in days]
    new = {
        "occurred_at": "2026-09-30T09:00:00",
        "actor_id": "a1",
        "tool": "x",
        "resource": "",
        "times": 5,
    }
    given = {
        "actors": [{"actor_id": "a1", "kind": "agent", "state": "active"}],
        "reviews": [{"review_id": "r1", "actor_id": "a2", "completed_at": "2026-09-29"}],
        "events": [*events, new],
    }
    status, reason = results_of(checks["MON-06"], {"given": given})["a1"]
    assert status == "fail"
    assert reason.startswith("71 % of the last 7 days' actions went to x")


def test_a_reason_of_an_example_names_the_thresholds_of_the_example(
    checks: dict[str, Check],
) -> None:
    check = checks["ENT-06"]
    (example,) = (e for e in check.examples if "unused_days" in e.get("params", {}))
    reasons = [reason for _, reason in results_of(check, example).values()]
    assert any("shorter than 120 days" in reason for reason in reasons)
