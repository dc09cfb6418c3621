"""What results of other tools decide of our checks, and what they do not."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few

import reporter
from reporter.authoring.examples import RUN, expected, load_example
from reporter.content.loader import Content, load
from reporter.content.sql_policy import compile_check
from reporter.engine.duckdb import DuckDB
from reporter.errors import Errors
from reporter.evaluate import runner
from reporter.explain.explain import explain
from reporter.model.reasons import Reasons
from reporter.model.source import ToolRule
from reporter.pipeline import own_settings
from reporter.pipeline.tested_checks import settle_by_tests
from reporter.transform.derive import derive

Row = dict[str, Any]
Given = dict[str, list[Row]]
Settled = dict[tuple[str, str], tuple[str, str, str]]
Settle = Callable[..., Settled]
pytestmark = pytest.mark.slow

ADMIN = "iam_role_administratoraccess_policy"
ROLE = "arn:aws:iam::444455556666:role/bot"
BOT = {"actor_id": "bot", "kind": "agent", "state": "active", "principal_id": ROLE}
READS = {
    "actor_id": "bot",
    "type": "entitlement",
    "name": "quay",
    "action": "read",
    "effect": "read",
    "role": "reader",
}
BOUND: Given = {"actors": [BOT], "grants": [READS]}
"""An agent that passes ENT-02."""


def outcome(**more: Any) -> Row:
    return {
        "test_id": "t", "tool": "Prowler", "rule": ADMIN, "target": ROLE, "result": "failed", "severity": "high",
        "tested_at": "2026-09-01T10:00:00",
    } | more  # fmt: skip


@pytest.fixture
def settle(content: Content, tmp_path: Path) -> Settle:
    """Return a function that gives (check, subject) -> (status, reason, evidence), once tests have decided."""

    def run(
        given: Given, *checks: str, rules: tuple[ToolRule, ...] = (), declared: bool = False
    ) -> Settled:
        known = [c for c in content.checks if c.id in checks]
        source = replace(content.sources[0], id="example", evidence="declared")
        own = replace(
            content,
            checks=tuple(known),
            tool_rules=content.tool_rules + rules,
            sources=(source,) if declared else (),
        )
        with DuckDB(tmp_path / "work") as engine:
            load_example(engine, {"given": given})
            derive(engine, RUN, [expected({})])
            runner.prepare(engine)
            sources = {s.id: s for s in own.sources}
            runner.assess(engine, [(c, compile_check(c)) for c in known], sources=sources)
            settle_by_tests(engine, own)
            rows = engine.rows(
                "SELECT check_id, subject, status, reason_code, reason_values, evidence FROM results"
            )
        reasons = Reasons(known)
        return {(c, s): (status, reasons.of(c, code, v), e) for c, s, status, code, v, e in rows}

    return run


def ent_02(settle: Settle, *tests: Row, **given: list[Row]) -> str:
    """Return the status of ENT-02 of the agent that would pass, and has these tests."""
    return settle(BOUND | given | {"tests": list(tests)}, "ENT-02")["ENT-02", "bot"][0]


SAID = f"Prowler tested it on 2026-09-01, and rule {ADMIN} failed (severity high)"


def test_an_open_failure_makes_a_pass_a_fail(settle: Settle) -> None:
    assert ent_02(settle) == "pass"
    found = settle(BOUND | {"tests": [outcome()]}, "ENT-02")
    assert found == {("ENT-02", "bot"): ("fail", SAID, "verified")}


def test_an_open_failure_makes_an_unknown_result_a_fail(settle: Settle) -> None:
    given: Given = {"actors": [BOT]}
    assert settle(given, "ENT-02")["ENT-02", "bot"][0] == "unknown"
    found = settle(given | {"tests": [outcome()]}, "ENT-02")
    assert found["ENT-02", "bot"] == ("fail", SAID, "verified")


def test_an_agent_that_lists_no_right_fails_all_the_same(settle: Settle) -> None:
    given: Given = {"actors": [BOT], "grants": [READS | {"actor_id": "other"}]}
    assert ("ENT-02", "bot") not in settle(given, "ENT-02")
    found = settle(given | {"tests": [outcome()]}, "ENT-02")
    assert found["ENT-02", "bot"] == ("fail", SAID, "verified")


def test_a_fail_of_its_own_stays_as_it_is(settle: Settle) -> None:
    admin = READS | {"role": "Administrator"}
    given: Given = {"actors": [BOT], "grants": [admin], "tests": [outcome()]}
    status, reason, _ = settle(given, "ENT-02")["ENT-02", "bot"]
    assert (status, "Prowler" in reason) == ("fail", False)


@pytest.mark.parametrize(
    "why",
    [
        pytest.param({"result": "muted"}, id="somebody set it aside"),
        pytest.param({"result": "not_run"}, id="the run did not execute"),
        pytest.param({"tested_at": "2026-06-30T23:00:00"}, id="before the period"),
        pytest.param({"tested_at": "2026-10-01T01:00:00"}, id="after the report"),
        pytest.param({"tested_at": None}, id="without a time"),
        pytest.param({"fixed_at": "2026-09-02"}, id="fixed since"),
        pytest.param({"rule": "iam_role_chained_privilege_escalation"}, id="a rule that no entry names"),
        pytest.param({"tool": "Scout"}, id="a tool that no entry names"),
        pytest.param({"target": "arn:aws:iam::444455556666:role/other"}, id="a target that joins to nobody"),
        pytest.param({"target": "Bot"}, id="a near name"),
        pytest.param({"result": "passed"}, id="a pass, which is only a part"),
    ],
)  # fmt: skip
def test_what_is_no_open_failure_of_the_agent_leaves_its_result(settle: Settle, why: Row) -> None:
    assert ent_02(settle, outcome(**why)) == "pass"
    assert settle({"actors": [BOT], "tests": [outcome(**why)]}, "ENT-02")["ENT-02", "bot"][0] == "unknown"  # fmt: skip


@pytest.mark.parametrize(
    ("tests", "status"),
    [
        ([{}, {"result": "passed", "tested_at": "2026-09-02"}], "pass"),
        ([{}, {"result": "passed", "tested_at": "2026-08-02"}], "fail"),
        ([{}, {"result": "passed"}], "fail"),  # of two policies of one role, one is wide
        ([{}, {"result": "muted", "tested_at": "2026-09-02"}], "fail"),
        ([{}, {"result": "not_run", "tested_at": "2026-09-02"}], "fail"),
        (
            [
                {},
                {"result": "passed", "tested_at": "2026-09-02", "target": ROLE.replace("bot", "b")},
            ],
            "fail",
        ),
    ],
)
def test_the_latest_test_of_a_rule_and_target_counts(
    settle: Settle, tests: list[Row], status: str
) -> None:
    assert ent_02(settle, *(outcome(**t) for t in tests)) == status


def test_the_gravest_failure_is_named_and_the_others_are_counted(settle: Settle) -> None:
    others = [outcome(rule="bedrock_full_access_policy_attached", severity="critical", found_at="2026-07-09"),
              outcome(rule="iam_inline_policy_no_full_access_to_kms", severity=None)]  # fmt: skip
    found = settle(BOUND | {"tests": [outcome(), *others]}, "ENT-02")["ENT-02", "bot"]
    assert found[1] == (
        "Prowler tested it on 2026-09-01, and rule bedrock_full_access_policy_attached failed (severity critical), as"
        " since 2026-07-09; so did 2 other rules"
    )


@pytest.mark.parametrize(
    ("target", "more"),
    [
        ("bot", {}),
        ("lambda:bot", {"aliases": [{"actor_id": "bot", "alias": "lambda:bot"}]}),
        (
            ROLE,
            {"actors": [BOT, {"actor_id": ROLE, "kind": "workload"}]},
        ),  # the directory lists it
    ],
)
def test_a_target_is_the_agent_by_any_exact_name(settle: Settle, target: str, more: Given) -> None:
    assert ent_02(settle, outcome(target=target), **more) == "fail"


def test_what_a_shared_identity_may_do_concerns_each_who_acts_as_it(settle: Settle) -> None:
    given: Given = {"actors": [BOT, BOT | {"actor_id": "kit"}], "grants": [READS, READS | {"actor_id": "kit"}]}  # fmt: skip
    found = settle(given | {"tests": [outcome()]}, "ENT-02")
    assert {s: status for (_, s), (status, *_) in found.items()} == {"bot": "fail", "kit": "fail"}


def test_no_test_decides_whether_an_account_is_an_agent(settle: Settle) -> None:
    account = BOT | {"kind": "service_account"}
    tools: Given = {"actors": [account], "grants": [READS], "components": [{"component_id": "m", "actor_id": "bot", "type": "model"}]}  # fmt: skip
    before = settle(tools, "ENT-02")
    assert before["ENT-02", "bot"][0] == "unknown"
    assert settle(tools | {"tests": [outcome()]}, "ENT-02") == before


def test_a_missing_wall_is_a_failure_only_where_code_is_known_to_run(settle: Settle) -> None:
    walls = {"sandbox_type": "container", "sandbox_network": "deny", "sandbox_fs": "readonly", "sandbox_per_session": True}  # fmt: skip
    root = outcome(rule="core_minimize_root_containers_admission", target="bot")
    actors = [BOT | walls, {"actor_id": "kit", "kind": "agent", "sandbox_root": False} | walls]
    runs = READS | {"type": "tool", "name": "shell", "effect": "execute"}
    reads: Given = {"actors": actors, "grants": [READS], "tests": [root]}
    assert ("RUN-01", "bot") not in settle(reads, "RUN-01")
    assert settle(reads | {"grants": []}, "RUN-01")["RUN-01", "bot"][0] == "unknown"
    assert settle(reads | {"grants": [runs]}, "RUN-01")["RUN-01", "bot"][0] == "fail"


KEY = {
    "credential_id": "AKIAEXAMPLE",
    "actor_id": "bot",
    "type": "access_key",
    "privileged": False,
    "rotation_days": 90,
    "expires_at": "",
}
OLD_KEY = outcome(rule="iam_rotate_access_key_90_days", target="arn:aws:iam::444455556666:user/bot")
HOLDER = BOT | {"principal_id": "arn:aws:iam::444455556666:user/bot"}


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        ([KEY], "fail"),
        ([KEY, KEY | {"credential_id": "AKIAOTHER"}], "unknown"),
        ([KEY, KEY | {"credential_id": "AKIAOTHER", "revoked_at": "2026-01-01"}], "fail"),
        ([KEY, KEY | {"credential_id": "password", "type": "password"}], "fail"),
        # A list may lack the key that was meant: what is known of this one stands.
        ([KEY | {"last_rotated_at": "2026-09-20"}], "pass"),
    ],
)
def test_what_is_said_of_a_user_is_said_of_the_only_key(
    settle: Settle, keys: list[Row], status: str
) -> None:
    given: Given = {"actors": [HOLDER], "credentials": keys, "tests": [OLD_KEY]}
    dated = {"credential_id": "dated", "actor_id": "kit", "type": "access_key", "issued_at": "2026-09-01", "last_rotated_at": "2026-09-01"}  # fmt: skip
    found = settle(given | {"credentials": [*keys, dated]}, "CRD-04")
    assert found["CRD-04", "AKIAEXAMPLE"][0] == status


def test_a_test_of_the_key_itself_overturns_a_pass(settle: Settle) -> None:
    key = KEY | {"issued_at": "2026-09-01", "last_rotated_at": "2026-09-01"}
    aged = outcome(rule="apikeys_key_rotated_in_90_days", target="AKIAEXAMPLE")
    given: Given = {"actors": [BOT], "credentials": [key]}
    assert settle(given, "CRD-04")["CRD-04", "AKIAEXAMPLE"][0] == "pass"
    assert settle(given | {"tests": [aged]}, "CRD-04")["CRD-04", "AKIAEXAMPLE"][0] == "fail"


WHOLE = ToolRule("quay audit", "rights-*", "ENT-02", "always", True, (), 120, "here")
GOOD = outcome(tool="Quay Audit 3", rule="rights-1", result="passed", severity=None)


def test_a_pass_that_means_it_all_makes_an_unknown_result_a_pass(settle: Settle) -> None:
    given: Given = {"actors": [BOT], "tests": [GOOD | {"tested_at": "2026-06-10"}]}
    assert settle(given, "ENT-02", rules=(WHOLE,))["ENT-02", "bot"] == (
        "pass",
        "Quay Audit 3 tested it on 2026-06-10, and rule rights-1 passed",
        "verified",
    )


@pytest.mark.parametrize(
    ("other", "status"),
    [
        (outcome(tool="Quay Audit 3", rule="rights-2"), "fail"),
        (outcome(), "fail"),
        (outcome(result="muted"), "pass"),
    ],
)
def test_an_open_failure_of_another_rule_outweighs_a_pass(
    settle: Settle, other: Row, status: str
) -> None:
    found = settle({"actors": [BOT], "tests": [GOOD, other]}, "ENT-02", rules=(WHOLE,))
    assert found["ENT-02", "bot"][0] == status


def test_a_failure_that_fails_nothing_of_ours_still_forbids_a_pass(settle: Settle) -> None:
    only_passes = replace(WHOLE, fails="")
    bad = GOOD | {"rule": "rights-2", "result": "failed"}
    found = settle({"actors": [BOT], "tests": [GOOD, bad]}, "ENT-02", rules=(only_passes,))
    assert found["ENT-02", "bot"][0] == "unknown"


def test_what_is_only_declared_to_be_tested_can_fail_and_not_pass(settle: Settle) -> None:
    given: Given = {"actors": [BOT], "tests": [GOOD]}
    assert settle(given, "ENT-02", rules=(WHOLE,), declared=True)["ENT-02", "bot"][0] == "unknown"
    bad = given | {"tests": [outcome()]}
    assert settle(bad, "ENT-02", declared=True)["ENT-02", "bot"] == ("fail", SAID, "declared")


def test_a_pass_makes_what_is_only_declared_a_pass(settle: Settle) -> None:
    given = BOUND | {"tests": [GOOD]}
    assert settle(BOUND, "ENT-02", declared=True)["ENT-02", "bot"][0] == "declared"
    # The rows of an example have one source: here it is the tests that are not declared.
    assert settle(given, "ENT-02", rules=(WHOLE,))["ENT-02", "bot"][0] == "pass"


def test_no_pass_vouches_for_who_stands_in_no_list(settle: Settle) -> None:
    seen = {"occurred_at": "2026-08-01", "actor_id": "ghost", "actor_kind": "agent", "action": "read"}  # fmt: skip
    given: Given = {"actors": [BOT], "events": [seen], "tests": [GOOD | {"target": "ghost"}]}
    before = settle(given, "ENT-02")["ENT-02", "ghost"]
    assert before[0] == "unknown"
    assert settle(given, "ENT-02", rules=(WHOLE,))["ENT-02", "ghost"] == before


def test_a_rule_may_speak_of_the_organisation_and_of_a_log(settle: Settle) -> None:
    rules = (ToolRule("quay audit", "policy", "POL-01", "always", True, (), 90, ""),
             ToolRule("quay audit", "worm", "AUD-04", "always", True, (), 90, ""))  # fmt: skip
    event = {"occurred_at": "2026-08-01", "actor_id": "bot", "action": "read"}
    worm = GOOD | {"rule": "worm", "target": "gateway"}
    given: Given = {"actors": [BOT], "events": [event], "tests": [GOOD | {"rule": "policy", "target": None}, worm]}  # fmt: skip
    found = settle(given, "POL-01", "AUD-04", rules=rules)
    assert {k: v[0] for k, v in found.items()} == {
        ("POL-01", "organisation"): "pass",
        ("AUD-04", "gateway"): "pass",
    }


# whole runs

YML = "organisation: Port\nperiod: {from: '2026-07-01', to: '2026-10-01'}\nframeworks: [owasp-nhi-2025]\n"
PROWLER = Path(__file__).parent / "data/sources/ocsf/tests.json"


def workspace(folder: Path, *agents: Row, yml: str = YML) -> Path:
    (folder / "inventory").mkdir(parents=True)
    (folder / "reporter.yml").write_text(yml)
    lines = (json.dumps({"type": "agent", "state": "active", **a}) for a in agents)
    (folder / "inventory/agents.jsonl").write_text("\n".join(lines))
    (folder / "inventory/prowler.ocsf.json").write_bytes(PROWLER.read_bytes())
    return folder


CRANE = {"actor_id": "crane", "principal_id": "arn:aws:iam::444455556666:role/crane-scheduler"}


def test_a_finding_of_prowler_turns_an_unknown_into_a_fail_that_explain_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "ENT-02")
    run = reporter.assess(workspace(tmp_path / "ws", CRANE, {"actor_id": "berth"}))
    lines = explain(run.folder, "ENT-02").splitlines()
    (line,) = (x for x in lines if x.startswith("  ENT-02  crane:"))
    assert line.startswith(
        f"  ENT-02  crane: Prowler tested it on 2026-08-09, and rule {ADMIN} failed (severity high); so did 1 other rule"
        "  [inventory/prowler.ocsf.json#1]"
    )
    results = run.results(check="ENT-02")
    assert dict(zip(results["subject"], results["status"], strict=True)) == {"berth": "unknown", "crane": "fail"}  # fmt: skip


@pytest.mark.usefixtures("few_checks")
def test_tests_of_what_no_list_knows_are_listed(tmp_path: Path) -> None:
    run = reporter.assess(workspace(tmp_path / "ws", CRANE))
    with (run.folder / "quarantine.csv").open(encoding="utf-8-sig", newline="") as handle:
        (note,) = [r["reason"] for r in csv.DictReader(handle) if r["kind"] == "unjoined"]
    assert note.startswith("2 of 15 rows of tests from ocsf name someone in a list or a log")


def test_checks_that_run_again_with_shipped_settings_are_settled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a failure that another tool found would look like one of the workspace's settings."""
    assess_few(monkeypatch, "ENT-02")
    tally, found = own_settings.shipped_tallies, []

    def tallied(engine: DuckDB, *more: Any) -> Any:
        tallies = tally(engine, *more)
        found.extend(engine.rows("SELECT status FROM results WHERE check_id = 'ENT-02'"))
        return tallies

    monkeypatch.setattr(own_settings, "shipped_tallies", tallied)
    own = YML + "params:\n  ENT-02: {admin_roles: [root]}\n"
    bound = CRANE | {"entitlements": [{"name": "quay", "action": "read"}]}
    reporter.assess(workspace(tmp_path / "ws", bound, yml=own))
    assert found == [("fail",)]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{rule: r, check: ENT-99, fails: always}", "r: there is no check 'ENT-99'"),
        ("{rule: r, check: ENT-02}", "r settles nothing"),
        ("{rule: r, check: ENT-02, fails: sometimes}", "'fails' is 'sometimes'"),
        ("{rule: r}", "a rule needs 'rule' and 'check'"),
        ("{rule: r, check: ENT-02, fails: always, when: now}", "unknown key 'when'"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(rule: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "findings").mkdir()
    text = f"tool: Quay\nsource: here\nread: 2026-11-28\ndays: 90\nrules:\n  - {rule}\n"
    (tmp_path / "findings/quay.yml").write_text(text)
    with pytest.raises(Errors) as caught:
        load((tmp_path,))
    (error,) = caught.value.errors
    assert said in str(error)
    assert "findings/quay.yml:5" in str(error)
