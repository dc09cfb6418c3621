"""What page 1 says before the first number: the same notices in every format, in the language of the report, none unknown."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, printed, reporter

import reporter as package
from reporter.content import loader
from reporter.model.scores import GroupScore
from reporter.pipeline.disclosures import of_answers, of_content
from reporter.report.notices import LINES_SHOWN, SENTENCES

pytestmark = [pytest.mark.usefixtures("few_checks"), pytest.mark.slow]

HEAD = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\nframeworks: [owasp-agentic-2026]\n"
AGENT = '{"type": "agent", "actor_id": "a1", "state": "active", "owner_id": "ann"}'


def workspace(folder: Path, unknown: int, head: str = HEAD) -> Path:
    """One agent, and files that nobody can read."""
    (folder / "inventory").mkdir(parents=True)
    (folder / "reporter.yml").write_text(head)
    (folder / "inventory" / "agents.json").write_text(AGENT)
    for n in range(unknown):
        (folder / "inventory" / f"notes-{n}.txt").write_text("The agents are fine.")
    return folder


def test_a_file_that_is_not_read_is_told_before_the_first_number(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ws = workspace(tmp_path / "ws", LINES_SHOWN + 2)
    result = reporter("assess", ws, "--out", out, "--formats", "json,html")
    assert result.exit_code == 0, result.output
    sentence = f"Files that were found but not read: {LINES_SHOWN + 2}."
    assert result.output.index(sentence) < result.output.index("Score")
    notice = printed(out)["summary"]["notices"][0]
    assert notice["code"] == "files_not_read"
    assert notice["text"].startswith(sentence)
    assert notice["lines"][0] == "inventory/notes-0.txt: text of no known format"
    assert len(notice["lines"]) == LINES_SHOWN
    assert notice["remainder"] == "and 2 more, in report.json, files"
    page = (out / "report.html").read_text()
    places = [
        page.index("What to provide first</h3>"),
        page.index("Before you rely on these numbers</h3>"),
        page.index(sentence),
        page.index("What to provide next</h2>"),
    ]
    assert places == sorted(places), "on the page it stands under its heading, before any chapter"


def test_a_notice_is_there_for_machines_and_gone_where_there_is_none(tmp_path: Path) -> None:
    told = reporter(
        "assess",
        workspace(tmp_path / "a", 1),
        "--out",
        tmp_path / "o1",
        "--formats",
        "json",
        "--json",
    )
    quiet = reporter(
        "assess",
        workspace(tmp_path / "b", 0),
        "--out",
        tmp_path / "o2",
        "--formats",
        "json",
        "--json",
    )
    assert [n["code"] for n in json.loads(told.stdout)["notices"]] == ["files_not_read"]
    assert json.loads(quiet.stdout)["notices"] == []


def test_notices_are_said_in_the_language_of_the_report(tmp_path: Path) -> None:
    ws = workspace(tmp_path / "ws", 1, HEAD + "language: de\n")
    reporter("assess", ws, "--out", tmp_path / "out", "--formats", "json")
    notice = printed(tmp_path / "out")["summary"]["notices"][0]
    assert notice["text"].startswith("Gefundene, aber nicht gelesene Dateien: 1.")


def test_every_notice_has_a_sentence_and_every_sentence_a_notice() -> None:
    code = "\n".join(p.read_text() for p in Path(package.__file__).parent.rglob("*.py"))
    assert set(re.findall(r'\b(?:Notice|_notice_of_files)\(\s*"(\w+)"', code)) == set(SENTENCES)


def notices(folder: Path, ws: Path) -> dict[str, dict[str, Any]]:
    """The notices of a run by code."""
    done = reporter("assess", ws, "--out", folder / "out", "--formats", "json", "--json")
    assert done.exit_code == 0, done.output
    return {n["code"]: n for n in json.loads(done.stdout)["notices"]}


BEATS = [
    {"time": f"2026-{m:02}-{d:02}T08:00:00Z", "log_source": "beat", "event_class": "heartbeat", "outcome": "success"}
    for m in (7, 8, 9) for d in range(1, 31)
]  # fmt: skip
ACT = {"time": "2026-08-01T08:00:00Z", "tool": "mail.send", "outcome": "success"}
LATE = {"time": "2026-12-01T08:00:00Z"}
USER = {
    "id": "00u2abcDEF", "status": "ACTIVE", "created": "2026-01-01T00:00:00Z",
    "profile": {"login": "carol@port.example", "email": "carol@port.example"},
    "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
    "_links": {"self": {"href": "https://port.okta.example/api/v1/users/00u2abcDEF"}},
}  # fmt: skip
CALL = {"time": "2026-08-01T08:00:00Z", "log_source": "gw", "actor_id": "g1", "tool": "t", "outcome": "success"}  # fmt: skip
REFUSED = CALL | {"outcome": "denied"}
GATED = [
    {**CALL, "principal_id": "p-gate"}, {**CALL, "actor_id": "g2", "principal_id": "p-gate"},
    {**CALL, "principal_id": "p-ann"},
    {**REFUSED, "decision": "deny"}, {**REFUSED, "decision": "Allow"}, REFUSED,
    {**REFUSED, "log_source": "sound", "decision": "rule 7"},
    {**REFUSED, "event_class": "auth"}, {**REFUSED, **LATE},
]  # fmt: skip
GATES = [
    {"type": "agent", "actor_id": "g1", "state": "active", "principal_id": "p1"},
    {"type": "agent", "actor_id": "g2", "state": "active"},
    {"type": "agent", "actor_id": "t1", "state": "active"},
    {"type": "agent", "actor_id": "t2", "state": "active"},
    {"type": "workload", "actor_id": "gate", "is_intermediary": True, "principal_id": "p-gate"},
    {"type": "human", "actor_id": "ann", "is_intermediary": True, "principal_id": "p-ann"},
]
LOGS = {
    "beat": [*BEATS, ACT | {"log_source": "beat", "actor_id": "other"}],
    "mute": [
        ACT | {"log_source": "mute"} | more
        for more in ({}, {"actor_kind": "agent"}, LATE, {"actor_id": "a1", "actor_kind": "agent"})
    ],
    "okta": [ACT | {"log_source": "okta", "actor_id": "carol@port.example"}],
    "soon": [
        ACT | {"log_source": "soon", "actor_id": "a1", "time": f"20{year}-01-02T00:00:00Z"}
        for year in (29, 31)
    ],
    "gw": GATED,
}


@pytest.fixture(scope="module")
def all_told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The notices, by code, of a run with a log for each."""
    folder = tmp_path_factory.mktemp("told")
    ws = workspace(folder / "ws", 0, HEAD + "log_sources: {beat: {every: day, share: 90}}\n")
    (ws / "logs").mkdir()
    for name, events in LOGS.items():
        lines = [*map(json.dumps, events), *(["{broken"] if name == "beat" else [])]
        (ws / f"logs/{name}.jsonl").write_text("\n".join(lines) + "\n")
    (ws / "statements").mkdir()
    (ws / "statements" / "aliases.yml").write_text(
        "- {type: alias, actor_id: a1, alias: other}\n- {type: alias, actor_id: t1, alias: t2}\n"
    )
    (ws / "inventory" / "users.json").write_text(json.dumps([USER]))
    (ws / "inventory" / "gates.json").write_text(json.dumps({"records": GATES}))
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch)
        return notices(folder, ws)


def test_events_that_name_nobody_are_told(all_told: dict[str, dict[str, Any]]) -> None:
    notice = all_told["unnamed_events"]
    assert ("name no actor, identity or credential: 2." in notice["text"], notice["lines"]) == (
        True,
        ["mute: 2"],
    )


def test_events_after_the_day_of_the_report_are_told(all_told: dict[str, dict[str, Any]]) -> None:
    notice = all_told["events_later"]
    assert "the time of the report, 2026-10-01 00:00 UTC: 4." in notice["text"]
    assert notice["lines"][0] == "soon: 2, from 2029-01-02 to 2031-01-02"


def test_an_agent_that_counts_as_another_is_told(all_told: dict[str, dict[str, Any]]) -> None:
    """One line of aliases made a registered agent and its failures vanish."""
    notice = all_told["agents_merged"]
    assert ("an alias: 1." in notice["text"], notice["lines"]) == (
        True,
        ["t2 counts as t1, by statements/aliases.yml"],
    )


def test_lost_records_joined_names_and_bare_heartbeats_are_told(
    all_told: dict[str, dict[str, Any]],
) -> None:
    assert all_told["records_lost"]["lines"] == ["logs/beat.jsonl: 1 unreadable, 0 rejected"]
    assert all_told["heartbeats_alone"]["lines"] == ["beat: 1 of 90 days show more than heartbeats"]


def test_a_second_name_is_told_as_stated_only_where_somebody_stated_it(
    all_told: dict[str, dict[str, Any]],
) -> None:
    stated, listed = all_told["names_joined"]["lines"], all_told["names_listed"]["lines"]
    assert stated == ["other counts as a1, by statements/aliases.yml"]
    assert listed == ["carol@port.example counts as 00u2abcDEF, by inventory/users.json"]


def test_gateways_and_refusals_that_only_the_log_claims_are_told(
    all_told: dict[str, dict[str, Any]],
) -> None:
    refused = ["gw: 1 with no decision, 1 that the policy allowed, of 3"]
    assert all_told["gateways"]["lines"] == ["p-gate: actors 2, events 2"]
    assert all_told["refusals_unshown"]["lines"] == refused


CRANE = "arn:aws:iam::111122223333:user/crane"
IAM = {"UserDetailList": [{"Arn": CRANE, "UserName": "crane", "Tags": [{"Key": "agent", "Value": "true"}], "UserPolicyList": [
    {"PolicyName": "p", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}}]}]}  # fmt: skip


def call(day: int, service: str, name: str) -> dict[str, Any]:
    return {
        "eventVersion": "1.08",
        "eventID": f"e{day}",
        "eventTime": f"2026-08-{day:02}T10:00:00Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "managementEvent": True,
        "userIdentity": {"type": "IAMUser", "arn": CRANE, "userName": "crane"},
    }


def test_calls_in_a_cloud_of_which_no_list_tells_the_right_are_counted(tmp_path: Path) -> None:
    """Every call stands in the accounting as kept, and these were compared with nothing."""
    ws = workspace(tmp_path / "ws", 0)
    calls = [call(n, "quayside", "LiftCrane") for n in (1, 2, 3)]
    calls += [call(4, "quayside", "DropCrane"), call(5, "ec2", "DescribeVpcs")]
    (ws / "inventory" / "iam.json").write_text(json.dumps(IAM))
    (ws / "inventory" / "trail.json").write_text(json.dumps({"Records": calls}))
    notice = notices(tmp_path, ws)["operations_unmapped"]
    assert "the required permission is not known: 4." in notice["text"]
    assert notice["lines"] == [
        "aws-cloudtrail: calls 4, operations 2, most often quayside.amazonaws.com:LiftCrane,"
        " quayside.amazonaws.com:DropCrane"
    ]
    run = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    told = [(n["file"], n["line"]) for n in run["quarantined"] if n["kind"] == "unmapped"]
    assert told == [("inventory/trail.json", 3), ("inventory/trail.json", 4)]


def test_what_answers_carry_is_told_from_five_points_on() -> None:
    def total(lo: Fraction) -> GroupScore:
        return GroupScore("f", "F", lo, lo, Fraction(1), lo, 1, 0, 0, (), (0, 1, 0, 0))

    low, high = total(Fraction(20, 100)), total(Fraction(25, 100))
    (notice,) = of_answers([high], [low])
    assert tuple(map(str, notice.lines)) == ("f: 25.0 %, without them 20.0 %",)
    assert list(of_answers([total(Fraction(2499, 10_000))], [low])) == []


def test_content_that_does_not_ship_is_named() -> None:
    shipped = loader.load()
    assert list(of_content(shipped)) == []
    (notice,) = of_content(replace(shipped, extra=frozenset({"ENT-51"})))
    assert tuple(map(str, notice.lines)) == ("ENT-51",)


def test_how_many_may_sign_is_told_where_anything_was_signed(tmp_path: Path) -> None:
    people = "type,actor_id,state,roles\n" + "".join(
        f"human,p{n},{'active' if n < 5 else 'retired'},{'Head' if n < 2 else ''}\n"
        for n in range(6)
    )
    answer = "framework,control,answer,attested_by,date\nowasp-agentic-2026,ASI01,yes,{},2026-09-01\n"  # fmt: skip
    cases = (
        ("p0", "[Head]", ["attestation: 2 of 5, statements: 1"]),
        ("p0", "[Head, p2, p3, p4, p5]", ["attestation: 5 of 5, statements: 1"]),
        ("p3", "[Head]", None),
    )
    for n, (signer, allowed, lines) in enumerate(cases):
        ws = workspace(tmp_path / f"ws{n}", 0, f"{HEAD}approvers: {{attestation: {allowed}}}\n")
        (ws / "inventory" / "people.csv").write_text(people)
        (ws / "statements").mkdir()
        (ws / "statements" / "attestations.csv").write_text(answer.format(signer))
        found = notices(tmp_path / f"run{n}", ws)
        assert found.get("who_may_sign", {}).get("lines") == lines
        assert ("statements_refused" in found) == (lines is None)


def test_a_value_on_which_two_registers_disagree_is_told(tmp_path: Path) -> None:
    ws = workspace(tmp_path / "ws", 0)
    (ws / "inventory" / "b.json").write_text(AGENT.replace("active", "retired"))
    notice = notices(tmp_path, ws)["contradictions"]
    assert "contradict each other: 1." in notice["text"]
    (line,) = notice["lines"]
    assert line.startswith("inventory/agents.json#1: actor ")
    assert "state is active here, and retired (inventory/b.json#1) elsewhere" in line


def test_a_log_that_shows_nothing_of_the_period_is_told(tmp_path: Path) -> None:
    ws = workspace(tmp_path / "ws", 0)
    (ws / "logs").mkdir()
    old = CALL | {"time": "2026-01-02T08:00:00Z"}
    (ws / "logs" / "gw.jsonl").write_text(json.dumps(old) + "\n")
    assert notices(tmp_path, ws)["logs_outside"]["lines"] == [
        "gw: 1, from 2026-01-02 to 2026-01-02"
    ]


def test_a_secret_in_a_configuration_of_no_listed_agent_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was counted among rows that join nothing, and no check looks at them."""
    assess_few(monkeypatch, "CRD-09")
    ws = tmp_path / "ws"
    (ws / "inventory").mkdir(parents=True)
    (ws / "reporter.yml").write_text(
        "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
    )
    secret = "sk-" + "a1B2c3D4" * 5
    servers = {"files": {"command": "npx", "args": ["x@1.0.0"], "env": {"API_KEY": secret}}}
    (ws / "inventory/mcp.json").write_text(json.dumps({"mcpServers": servers}))
    agent = {"type": "agent", "actor_id": "bot", "state": "active"}
    (ws / "inventory/a.json").write_text(json.dumps([agent]))
    told = reporter("assess", ws, "--out", tmp_path / "run", "--formats", "json,csv")
    assert told.exit_code == 0, told.output
    assert "a secret in clear text that belong to no listed agent: 1" in told.output
    assert "inventory/mcp.json#1: files" in told.output
    assert not [p for p in (tmp_path / "run").iterdir() if secret.encode() in p.read_bytes()]
    servers["files"]["env"] = {"API_KEY": "${API_KEY}"}
    (ws / "inventory/mcp.json").write_text(json.dumps({"mcpServers": servers}))
    told = reporter("assess", ws, "--out", tmp_path / "clean", "--formats", "json")
    assert "belong to no listed agent" not in told.output
