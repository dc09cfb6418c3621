"""Who may sign a statement, and what each attempt to look better by one comes to: nothing, and a trace on page 1."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few
from fixture_people import BASE, directory

from reporter.authoring.examples import RUN, load_example
from reporter.content.loader import Content
from reporter.engine.duckdb import DuckDB
from reporter.ingest.statement_files import _lacking
from reporter.model.statements import SIGNED
from reporter.pipeline.assess import Options, assess_workspace
from reporter.report.build import to_json
from reporter.statements.approvers import Person, read_directory
from reporter.transform.derive import derive

pytestmark = pytest.mark.slow

DAY = datetime(2026, 9, 1)
PEOPLE = (
    replace(BASE, id="ann"),
    replace(BASE, id="new", began_at=datetime(2026, 9, 1, 8)),
    replace(BASE, id="newer", began_at=datetime(2026, 9, 2)),
    replace(BASE, id="last-day", state="retired", left_at=datetime(2026, 9, 1, 16)),
    replace(BASE, id="left", state="retired", left_at=datetime(2026, 8, 31, 16)),
    replace(BASE, id="left-later", state="retired", state_since=datetime(2026, 9, 20)),
    replace(BASE, id="gone", state="retired"),
    replace(BASE, id="away", state="leave", state_since=datetime(2026, 8, 1)),
    replace(BASE, id="away-later", state="leave", state_since=datetime(2026, 9, 2)),
    replace(BASE, id="locked", state="suspended"),
    replace(BASE, id="stateless", state=""),
    replace(BASE, id="clerk", roles=frozenset({"clerk"})),
    Person("bot", "agent", "active", roles=frozenset({"risk owner"})),
    Person("svc", "service_account", "active", roles=frozenset({"risk owner"})),
    Person("desk", "group", "active", roles=frozenset({"risk owner"})),
)
WHO = directory(others=PEOPLE, aliases={"ann@acme": "ann", "annie": "ann"}, names={"Ann Example": "ann", "The Bot": "bot"})  # fmt: skip


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ann", ""), ("ANN", ""), ("ann@acme", ""), (" ann   example ", ""), ("new", ""), ("last-day", ""),
        ("left-later", ""), ("away-later", ""),
        ("Donald Duck", "Donald Duck is not in any list of people provided"),
        ("", "is not in any list of people"),
        ("bot", "bot is not a person (agent)"),
        ("The Bot", "The Bot is not a person (agent)"),
        ("svc", "svc is not a person (service account)"),
        ("desk", "desk is not a person (group)"),
        ("newer", "newer had not started before 2026-09-02"),
        ("left", "left left on 2026-08-31"),
        ("gone", "gone has left, and no list records when"),
        ("away", "away was not in post (leave)"),
        ("locked", "locked was not in post (suspended)"),
        ("stateless", "no list records whether stateless was in post"),
        ("clerk", "clerk is not named in reporter.yml under approvers: waiver"),
    ],
)  # fmt: skip
def test_who_may_sign(name: str, why: str) -> None:
    said = str(WHO.objection("waiver", name, DAY) or "")
    assert (why in said) if why else not said, said


def test_who_may_sign_is_named_in_reporter_yml() -> None:
    assert "names nobody under approvers: waiver" in str(replace(WHO, approvers={}).objection("waiver", "ann", DAY))  # fmt: skip
    by_id = replace(WHO, approvers={"waiver": ["ann@acme"]})
    assert not by_id.objection("waiver", "Ann Example", DAY)
    assert by_id.objection("waiver", "new", DAY)
    assert "the day on which ann signed is missing" in str(WHO.objection("waiver", "ann", None))


def test_without_a_list_of_people_nobody_may() -> None:
    agents_only = directory(others=[p for p in PEOPLE if p.kind != "human"])
    for name in ("ann", "bot"):
        assert "no list of people was provided" in str(agents_only.objection("waiver", name, DAY))


def test_a_name_that_two_people_have_is_nobodys(tmp_path: Path) -> None:
    given = {
        "actors": [
            {"actor_id": i, "kind": kind, "name": name, "state": "active", "roles": "risk owner", "principal_id": principal}
            for i, kind, name, principal in (
                ("a", "human", "Kim Berg", "kim@acme"), ("b", "human", "Kim Berg", "berg@acme"),
                ("c", "agent", "Lee Park", "svc-1"), ("d", "human", "Lee Park", "lee@acme"),
            )
        ],
        "aliases": [{"actor_id": "a", "alias": "kb"}],
    }  # fmt: skip
    with DuckDB(tmp_path) as engine:
        load_example(engine, {"given": given})
        derive(engine, RUN, [])
        who = read_directory(engine, {"waiver": ["Risk Owner"]})
    assert "may be any of a, b" in str(who.objection("waiver", "Kim Berg", DAY))
    for name in ("a", "KB", "kim@acme", "Lee Park"):
        assert not who.objection("waiver", name, DAY), name
    assert "c is not a person (agent)" in str(who.objection("waiver", "c", DAY))
    assert "svc-1" not in who.ids, "an identity of an agent is no name of a person"
    assert who.same("kb", "KIM@acme") and not who.same("kb", "b")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "0 bytes"),
        (b" \n" * 5000, "0 bytes"),
        (b"ok", "2 bytes"),
        (b"word " * 39, "194 bytes"),
        (b"x" * 10_000, "the same content"),
        (b"approved by all\n" * 500, "the same content"),
        (b"\x00" * 10_000, "the same content"),
        (bytes(range(256)) * 4, ""),
        (b"%PDF-1.7 " + bytes(range(256)), ""),
        (" ".join(f"Call {n} was refused under rule {n % 7}." for n in range(20)).encode(), ""),
        ("策略拒绝了以下十次调用并记录了每一次的规则编号与时间" .encode() * 4, ""),
    ],
)  # fmt: skip
def test_a_file_that_says_nothing_is_no_artefact(data: bytes, why: str) -> None:
    said = str(_lacking(data) or "")
    assert (why in said) if why else not said, said


def test_a_substitute_is_another_check_that_is_there(content: Content) -> None:
    known = {c.id for c in content.checks}
    named = [c for c in content.checks if c.compensated_by]
    assert named and all({*c.compensated_by} <= known - {c.id} for c in named)
    assert not [c.id for c in named if c.id.startswith(("OWN", "POL", "INV", "GOV"))]


# ---------------------------------------------------------------- attempts, in whole runs

AGENT = {
    "type": "agent", "state": "active", "owner_confirmed_at": "2026-02-01T00:00:00Z", "technical_owner_id": "bob", "autonomy": 3,
    "created_at": "2025-01-02T00:00:00Z", "sandbox_type": "none", "owner_id": "ann", "review_cadence_days": 30,
    "tools": [{"name": "pay", "effect": "transfer", "reversible": False, "needs_approval": False}],
    "entitlements": [{"name": "*", "action": "*"}],
    "credentials": [{"credential_id": "k1", "type": "api_key", "storage": "code", "issued_at": "2026-01-02T00:00:00Z"}],
    "reviews": [{"review_id": "r1", "completed_at": "2026-09-20T00:00:00Z"}],
}  # fmt: skip
LISTED = [
    AGENT | {"actor_id": "A1", "risk_tier": "low"},
    AGENT | {"actor_id": "A2", "risk_tier": "low", "expires_at": "2027-03-01T00:00:00Z", "credentials": []},
    {"type": "service_account", "actor_id": "svc", "state": "active", "roles": "risk owner"},
    *({"type": "human", "actor_id": n, "state": "active", "roles": "risk owner"} for n in ("ann", "bob", "zoe")),
    {"type": "human", "actor_id": "cat", "state": "retired", "state_since": "2026-05-01T00:00:00Z", "roles": "risk owner"},
    {"type": "human", "actor_id": "dan", "state": "active", "roles": "clerk"},
    {"type": "approval", "approval_id": "p1", "actor_id": "A2", "approval_type": "tool", "scope": "pay", "approver_id": "bob",
     "granted_at": "2026-08-01T09:00:00Z", "expires_at": "2026-08-01T12:00:00Z"},
]  # fmt: skip
SETTINGS: dict[str, Any] = {
    "organisation": "Acme", "period": {"from": "2026-07-01", "to": "2026-10-01"},
    "approvers": {kind: ["risk owner"] for kind in SIGNED}, "frameworks": ["owasp-agentic-2026", "owasp-nhi-2025"],
}  # fmt: skip
CALL = {
    "time": "2026-08-01T10:00:00Z", "log_source": "gw", "actor_id": "A1", "actor_kind": "agent", "event_class": "tool",
    "action": "pay", "tool": "pay", "effect": "transfer", "resource": "bank", "outcome": "success",
}  # fmt: skip
DATES = {"approved_at": "2026-09-01", "expires": "2026-12-01"}
WAIVED = {"check": "LIF-01", "subject": "A1", "reason": "soon", "review_at": "2026-11-01", **DATES}
MADE_GOOD = {"check": "LIF-01", "subject": "A1", "by_check": "REV-01", "reason": "reviewed each month", **DATES}  # fmt: skip
CHECKS = (
    "LIF-01",
    "REV-01",
    "APR-01",
    "APR-02",
    "ENT-02",
    "CRD-03",
    "CRD-04",
    "CRD-05",
    "POL-01",
    "POL-04",
    "MON-01",
    "SUP-01",
)
UNFIT = ("A1", "A2", "svc", "cat", "Donald Duck", "dan", "ann")
"""The agent itself, another one, a service account, a leaver, nobody, somebody without the role, the owner."""


def assessed(
    folder: Path, settings: Mapping[str, Any] = SETTINGS, files: Mapping[str, str | bytes] = {}, **statements: Any
) -> dict[str, Any]:  # fmt: skip
    """Assess two agents of Ann and what is stated of them; return report.json."""
    texts: dict[str, str | bytes] = {
        "reporter.yml": json.dumps(settings),
        "inventory/all.json": json.dumps(LISTED),
        "logs/gw.jsonl": "".join(json.dumps(e) + "\n" for e in (CALL, CALL | {"actor_id": "A2", "approval_id": "p1"})),
        **files,
        **{f"statements/{kind}.json": json.dumps({kind: rows}) for kind, rows in statements.items()},
    }  # fmt: skip
    for name, text in texts.items():
        path = folder / "ws" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    options = Options(formats=("json",))
    _, view = assess_workspace(folder / "ws", folder / "run", options)
    report: dict[str, Any] = json.loads(to_json(view))
    return report


def numbers(report: Mapping[str, Any]) -> Any:
    """Every score of a run."""
    return (
        report["summary"]["figure"]["exact_lo"],
        {f["id"]: [(c["id"], c["figure"]["exact_lo"]) for c in f["controls"]] for f in report["frameworks"]},
        {c["id"]: (c["figure"], c["counts"]) for c in report["checks"]},
    )  # fmt: skip


def notice(report: Mapping[str, Any], code: str) -> dict[str, Any]:
    return next((n for n in report["summary"]["notices"] if n["code"] == code), {})


@pytest.fixture(scope="module", autouse=True)
def _some_checks() -> Iterator[None]:
    """Runs assess the checks that the tests name, and some that fail."""
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch, *CHECKS)
        yield


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return assessed(tmp_path_factory.mktemp("plain") / "w")


def failing(report: Mapping[str, Any], check: str) -> int:
    return int(next(c for c in report["checks"] if c["id"] == check)["counts"]["failed"])


@pytest.fixture(scope="module")
def in_vain(
    tmp_path_factory: pytest.TempPathFactory, content: Content, plain: dict[str, Any]
) -> dict[str, Any]:
    """A run with all that has no effect: by whom it may not be signed, and a substitute that is none."""
    seconds = ("", "ann", "cat", "A2", "Donald Duck", "dan")
    answered = answers(content, answer="not applicable", reason="no such thing here")
    failing_ = [c["id"] for c in plain["checks"] if failing(plain, c["id"])]
    good = {"subject": "A1", "by_check": "OWN-01", "approved_by": "zoe"}
    return assessed(
        tmp_path_factory.mktemp("vain") / "w",
        waivers=[WAIVED | {"approved_by": who} for who in UNFIT],
        compensations=[
            *(MADE_GOOD | {"approved_by": who} for who in UNFIT),
            *(MADE_GOOD | good | {"check": c} for c in failing_),
        ],
        attestations=[r | {"confirmed_by": seconds[n % 6]} for n, r in enumerate(answered)],
    )


def test_whoever_may_not_sign_signs_in_vain(in_vain: dict[str, Any], plain: dict[str, Any]) -> None:
    listed = in_vain["waivers"]
    others = [line for line in listed["compensations"] if line["by_check"] == "OWN-01"]
    lines = [
        line
        for line in (*listed["waivers"], *listed["compensations"])
        if line["by_check"] != "OWN-01"
    ]
    assert [line["counts_as"] for line in lines] == ["not counted"] * 2 * len(UNFIT)
    assert all(
        line["why"].startswith("no effect: ") or "its owner" in line["why"] for line in lines
    )
    assert numbers(in_vain) == numbers(plain)
    n_answers = len(in_vain["attestations"]["rows"])
    assert n_answers == 20
    refused = 13 + n_answers + len(others)
    assert f": {refused}." in notice(in_vain, "statements_refused")["text"]


def test_somebody_who_may_signs_with_effect(tmp_path: Path, plain: dict[str, Any]) -> None:
    report = assessed(tmp_path / "w", compensations=[MADE_GOOD | {"approved_by": "zoe"}])
    (line,) = report["waivers"]["compensations"]
    assert line["counts_as"] == "compensated", line["why"]
    facts, before = (
        {f["label"]: f["text"] for f in r["summary"]["facts"]} for r in (report, plain)
    )
    assert facts["Failing"] == before["Failing"]
    assert facts["of them compensated, at half credit"] == "1"
    assert not notice(report, "statements_refused")


def test_only_a_check_that_is_named_for_it_stands_in(
    in_vain: dict[str, Any], plain: dict[str, Any]
) -> None:
    passing = [
        c["id"]
        for c in plain["checks"]
        if (c["counts"]["passed"] or c["counts"]["declared"]) and not c["counts"]["failed"]
    ]
    assert "OWN-01" in passing
    tried = [s for s in in_vain["waivers"]["compensations"] if s["by_check"] == "OWN-01"]
    assert len(tried) > 3
    assert all("OWN-01 cannot compensate for" in s["why"] for s in tried)
    assert numbers(in_vain) == numbers(plain)


EXCEPTION = {
    "type": "exception", "actor_id": "A1", "reason": "a vendor", "requester_id": "bob", "approver_id": "zoe",
    "starts_at": "2026-08-01T00:00:00Z", "ends_at": "2026-11-01T00:00:00Z", "compensating": "a limit",
}  # fmt: skip
MADE = {"APR-01": "pay", "APR-02": "pay", "ENT-02": "*", "CRD-05": "k1", "LIF-01": ""}


WRONG: tuple[dict[str, str], ...] = (
    {"approver_id": ""}, {"ends_at": ""}, {"starts_at": ""}, {"reason": ""}, {"ends_at": "2027-09-01T00:00:00Z"},
    {"ends_at": "2026-10-01T00:00:00Z"}, {"check_id": "LIF-99"}, {"starts_at": "2026-10-02T00:00:00Z"},
    *({"approver_id": who} for who in UNFIT),
)  # fmt: skip
"""What makes an exception none: a field that is lacking or wrong, or whoever may not sign it."""


@pytest.fixture(scope="module")
def excepted(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """A run with exceptions of all kinds, and where it lies."""
    folder = tmp_path_factory.mktemp("excepted") / "w"
    rows = [
        EXCEPTION | {"exception_id": f"x-{check}", "check_id": check, "item": item}
        for check, item in MADE.items()
    ]
    rows += [EXCEPTION | {"exception_id": "x-any", "item": "pay"}, EXCEPTION | {"exception_id": "x-keys", "check_id": "CRD-04"}]  # fmt: skip
    rows += [
        EXCEPTION | {"exception_id": f"y-{n}", "check_id": "LIF-01"} | wrong
        for n, wrong in enumerate(WRONG)
    ]
    report = assessed(folder, files={"statements/exceptions.json": json.dumps(rows)})
    assert len(report["waivers"]["waivers"]) == len(rows)
    return report, folder / "run"


def test_an_exception_is_a_waiver_and_changes_no_result(
    excepted: tuple[dict[str, Any], Path], plain: dict[str, Any]
) -> None:
    report, run = excepted
    assert failing(report, "APR-01") == failing(report, "ENT-02") == 2
    assert failing(report, "APR-02") == 1
    others = [c for c in numbers(report)[2].items() if not c[0].startswith("POL-04")]
    assert others == [c for c in numbers(plain)[2].items() if not c[0].startswith("POL-04")]
    told = {s["ticket"]: (s["counts_as"], s["why"]) for s in report["waivers"]["waivers"]}
    assert told["x-CRD-05"][0] == told["x-LIF-01"][0] == "waived"
    assert "pay alone, and the result is on A1 as a whole" in told["x-APR-01"][1]
    assert told["x-any"] == ("not counted", "no effect: it names no check")
    assert all(s["exception"] for s in report["waivers"]["waivers"])
    with (run / "statements.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = list(csv.DictReader(file))
    assert {r["kind"] for r in listed} == {"exceptions"} and len(listed) == len(told)


def test_an_exception_of_anybody_waives_nothing(
    excepted: tuple[dict[str, Any], Path],
) -> None:
    report, _ = excepted
    lines = report["waivers"]["waivers"]
    wrong = [s for s in lines if s["ticket"].startswith("y-")]
    assert {s["counts_as"] for s in wrong} == {"not counted"} and len(wrong) == len(WRONG)
    n_waived = sum(s["counts_as"] == "waived" for s in lines)
    facts = {f["label"]: f["text"] for f in report["summary"]["facts"] if "waived" in f["label"]}
    assert facts == {"of them waived, at no credit": str(n_waived)}


def answers(content: Content, **fields: str) -> list[dict[str, str]]:
    return [
        {"framework": f.id, "control": c.id, "date": "2026-09-01", "attested_by": "ann"} | fields
        for f in content.frameworks if f.id in SETTINGS["frameworks"] for c in f.controls
    ]  # fmt: skip


@pytest.fixture(scope="module")
def on_word(tmp_path_factory: pytest.TempPathFactory, content: Content) -> dict[str, Any]:
    """A run in which Ann says yes to everything."""
    return assessed(tmp_path_factory.mktemp("word") / "w", attestations=answers(content, answer="yes"))  # fmt: skip


def test_an_empty_file_examines_nothing(
    tmp_path: Path, content: Content, on_word: dict[str, Any]
) -> None:
    files = {"none.txt": b"", "all.txt": b"all is well\n" * 90}
    proofs = [
        {
            "answer": "yes", "method": "examine", "artefact": name, "artefact_sha256": hashlib.sha256(data).hexdigest(),
            "examined_by": "zoe", "artefact_place": "page 1", "observed": "all is well",
        }
        for name, data in files.items()
    ]  # fmt: skip
    said = [row | proofs[n % 2] for n, row in enumerate(answers(content))]
    placed = {f"statements/{name}": data for name, data in files.items()}
    report = assessed(tmp_path / "w", files=placed, attestations=said)
    rows = report["attestations"]["rows"]
    assert len(rows) == 20 and {r["counts_as"] for r in rows} == {"attested"}
    assert numbers(report) == numbers(on_word)
    lines = notice(report, "answers_rest_on_few")["lines"]
    assert "signed by ann: 20 of 20" in lines and "signed by zoe: 20 of 20" in lines


def test_one_artefact_behind_all_answers_is_told_on_page_1(tmp_path: Path, content: Content) -> None:  # fmt: skip
    data = " ".join(f"Call {n} was refused under rule {n % 7}." for n in range(20)).encode()
    proof = {
        "answer": "yes", "method": "examine", "artefact": "all.txt", "artefact_sha256": hashlib.sha256(data).hexdigest(),
        "examined_by": "zoe", "artefact_place": "line 1", "observed": "twenty refused calls",
    }  # fmt: skip
    report = assessed(tmp_path / "w", files={"statements/all.txt": data}, attestations=answers(content, **proof))  # fmt: skip
    assert {r["counts_as"] for r in report["attestations"]["rows"]} == {"pass"}
    assert "shown by statements/all.txt: 20 of 20" in notice(report, "answers_rest_on_few")["lines"]
    facts = {f["label"]: f["text"] for f in report["summary"]["facts"]}
    assert facts["Questions answered yes, examined"] == "20"


def test_not_applicable_needs_a_second_person(
    tmp_path: Path, content: Content, plain: dict[str, Any], in_vain: dict[str, Any]
) -> None:
    assert {r["counts_as"] for r in in_vain["attestations"]["rows"]} == {"not counted"}
    assert numbers(in_vain) == numbers(plain)
    assert in_vain["summary"]["assessed"] == plain["summary"]["assessed"]
    said = {"answer": "not applicable", "reason": "no such thing here"}
    report = assessed(tmp_path / "two", attestations=answers(content, **said, confirmed_by="zoe"))
    facts = {f["label"]: f["text"] for f in report["summary"]["facts"]}
    assert facts["Questions answered not applicable"] == "20"
    assert "set aside as not applicable" in report["summary"]["assessed"]
    assert report["summary"]["evidence_text"].endswith(
        "Of 20 answers that count, 20 say that a control does not apply."
    )
    n_aside = 0
    for framework in report["frameworks"]:
        states = [c["state"] for c in framework["controls"]]
        aside, n = states.count("not_applicable"), states.count("assessed")
        said = f"Set aside as not applicable: {aside} of {len(states)}."
        assert (said in framework["unassessed_text"]) == bool(aside)
        assert f"{n} assessed" in framework["gaps_text"] or not n
        n_aside += aside
    assert n_aside >= 5
    signed = ["attestation: 3 of 4, statements: 20", "not applicable: 3 of 4, statements: 20"]
    assert notice(report, "who_may_sign")["lines"] == signed
    assert "signed by zoe: 20 of 20" in notice(report, "answers_rest_on_few")["lines"]


def test_without_people_or_approvers_statements_are_listed_and_idle(
    tmp_path: Path, content: Content, plain: dict[str, Any]
) -> None:
    said = {
        "waivers": [WAIVED | {"approved_by": "zoe"}],
        "compensations": [MADE_GOOD | {"approved_by": "zoe"}],
        "attestations": answers(content, answer="yes"),
    }
    unnamed = {k: v for k, v in SETTINGS.items() if k != "approvers"}
    report = assessed(tmp_path / "w", unnamed, **said)
    assert numbers(report) == numbers(plain)
    assert "names nobody under approvers: " in notice(report, "statements_refused")["lines"][0]
    nobody = json.dumps([r for r in LISTED if r["type"] != "human"])
    report = assessed(tmp_path / "v", files={"inventory/all.json": nobody}, **said)
    assert {r["counts_as"] for r in report["attestations"]["rows"]} == {"not counted"}
    assert {s["counts_as"] for s in (*report["waivers"]["waivers"], *report["waivers"]["compensations"])} == {"not counted"}  # fmt: skip
    assert "no list of people was provided" in notice(report, "statements_refused")["lines"][0]


# ---------------------------------------------------------------- own settings


def test_own_settings_stand_in_one_box_with_the_score_of_shipped_ones(
    tmp_path: Path, plain: dict[str, Any]
) -> None:
    assert not notice(plain, "own_settings")
    lax = SETTINGS | {
        "log_sources": {"gw": {"share": 1}},
        "params": {"CRD-03": {"max_days": 4000}}
        if False
        else {"OWN-04": {"owner_attest_days": 4000}},
        "baseline": {"approved_by": "zoe", "approved_at": "2026-06-20"},
    }
    report = assessed(tmp_path / "w", lax)
    box = notice(report, "own_settings")
    assert box["lines"] == [
        "params: OWN-04 owner_attest_days 4000 (default 180)",
        "log_sources: gw counts as delivering with 1 % of its days (default 90 %)",
        "baseline: approved by zoe on 2026-06-20",
    ]
    assert f"with default settings it would be {_percent(plain)}" in box["text"]
    assert report["summary"]["figure"]["exact_lo"] != plain["summary"]["figure"]["exact_lo"]


@pytest.mark.deep
def test_a_share_of_one_percent_raises_nothing_unseen(
    tmp_path: Path, plain: dict[str, Any]
) -> None:
    """What the box says of the shipped settings is what a run with them says, for every kind of setting alone."""
    for n, own in enumerate((
        {"log_sources": {"gw": {"share": 1}}},
        {"log_sources": {"gw": {"every": "hour", "share": 1}}},
        {"params": {"REV-01": {"low_days": 5}}},
    )):  # fmt: skip
        report = assessed(tmp_path / f"w{n}", SETTINGS | own)
        text = notice(report, "own_settings")["text"]
        assert f"with default settings it would be {_percent(plain)}" in text, own
        assert f"with them is {_percent(report)}" in text, own
    strict = assessed(tmp_path / "strict", SETTINGS | {"log_sources": {"gw": {"every": "hour", "share": 95}}})  # fmt: skip
    assert not notice(strict, "own_settings")


def _percent(report: Mapping[str, Any]) -> str:
    return str(report["summary"]["figure"]["text"])
