"""A failure that no missing column can undo stands, and one that could be a pass does not: searched in all examples.

The search takes minutes for all checks (`make deep`). What it found is kept in data/certain.json with the SHA-256 of each
check and the number of certain failures that it leaves unknown, by column; null: not searched yet. The suite searches
those that changed since, and fails where they are many. `CERTAIN=write` searches any number and writes it anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fixture_worlds import Worlds, filled, needed, without

from reporter.authoring import examples, lint
from reporter.content.loader import Content
from reporter.content.sql_policy import compile_check
from reporter.engine.duckdb import DuckDB
from reporter.engine.sandbox import USUAL
from reporter.evaluate import runner
from reporter.evaluate.foreign_checks import Apart
from reporter.model.assessment import Check
from reporter.schema.compiled import Compiled
from reporter.transform.derive import derive

pytestmark = pytest.mark.slow

KEPT = Path(__file__).parent / "data" / "certain.json"
MOST_CHANGED = 6
"""Checks that the usual suite searches itself, ten seconds each: a word in a model can change all."""
Left = dict[str, list[str]]
"""Column -> subjects whose failure no value of it undoes, and that are unknown without it all the same."""


def sha_of(check: Check) -> str:
    told = (
        compile_check(check).sql,  # with the models that it reads
        check.params,
        check.needs,
        check.fails_without,
        check.at_best,
        check.examples,
    )
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:16]


def search(check: Check) -> tuple[list[str], Left]:
    """Return what is claimed to fail and may pass, and what is certain and not claimed."""
    wrong: list[str] = []
    left: Left = {}
    dice = random.Random(11)
    for example in map(dict, check.examples):
        worlds = Worlds(check, example)
        compiled = compile_check(check, {**check.params, **example.get("params", {})})
        names, lacking, untold = needed(check, compiled, worlds.given)
        claimed = [n for n in names if n in check.fails_without or n in check.at_best]
        sets = [[n] for n in names] + ([claimed] if len(claimed) > 1 else [])
        sets += [dice.sample(claimed, 2) for _ in range(2 if len(claimed) > 2 else 0)]
        bare = worlds.assess([without(worlds.given, s) for s in sets]) if sets else []
        live = [(s, b) for s, b in zip(sets, bare, strict=True) if b.failing]
        variants = [filled(check, worlds.given, s + lacking, dice, worlds.most) for s, _ in live]
        told = iter(worlds.assess([v for some in variants for v in some]) if live else [])
        for (columns, seen), some in zip(live, variants, strict=True):
            after = [next(told).failing for _ in some]
            certain = {s for s in seen.failing if all(s in a for a in after)}
            fails = {s for s, (result, _) in seen.results.items() if result == "fail"}
            where = f"{example['name']!r} without {', '.join(columns)}"
            wrong += [f"{where}: {s}" for s in sorted(fails - certain)]
            if len(columns) == 1 and certain - fails and not untold:
                left.setdefault(columns[0], []).extend(sorted(certain - fails))
    return wrong, left


def kept() -> dict[str, Any]:
    return json.loads(KEPT.read_text(encoding="utf-8"))


def _searched(checks: list[Check]) -> None:
    found = {c.id: search(c) for c in checks}
    if os.environ.get("CERTAIN") == "write":
        made = kept() if KEPT.exists() else {}
        made |= {
            c.id: {
                "sha": sha_of(c),
                "left": {n: len(set(s)) for n, s in sorted(found[c.id][1].items())},
            }
            for c in checks
        }
        KEPT.write_text(json.dumps(dict(sorted(made.items())), indent=1) + "\n", encoding="utf-8")
    assert {c: wrong for c, (wrong, _) in found.items() if wrong} == {}
    before = kept()
    more = {
        (c, name): subjects
        for c, (_, left) in found.items()
        for name, subjects in left.items()
        if len(set(subjects)) > (before.get(c, {}).get("left") or {}).get(name, 0)
    }
    assert more == {}, (
        "say in the check what the column would be at best (at_best), or fails_without"
    )


def test_a_check_that_changed_claims_no_more_and_no_less_than_is_certain(content: Content) -> None:
    """What did not change since the last search of all is not searched again."""
    before = kept()
    changed = [c for c in content.checks if before.get(c.id, {}).get("sha") != sha_of(c)]
    assert len(changed) <= MOST_CHANGED or os.environ.get("CERTAIN") == "write", (
        f"{len(changed)} checks changed: search them with CERTAIN=write pytest tests/test_certain.py"
    )
    _searched(changed)


@pytest.mark.deep
def test_all_checks_claim_no_more_and_no_less_than_is_certain(content: Content) -> None:
    _searched(list(content.checks))


# ---------------------------------------------------------------- the search itself


@pytest.fixture
def checks(content: Content) -> dict[str, Check]:
    return {c.id: c for c in content.checks}


def first_example(check: Check, **fields: Any) -> Check:
    """Return a check with other fields, and with the example that shows most of what it assesses alone."""
    return replace(check, examples=check.examples[:1], **fields)


def test_the_search_finds_a_value_that_undoes_a_claimed_failure(checks: dict[str, Check]) -> None:
    claimed = {"actors.identity_issuer": "nobody"}
    wrong, _ = search(first_example(checks["IDN-05"], at_best=claimed))
    assert wrong and all("without actors.identity_issuer" in w for w in wrong)
    assert search(first_example(checks["CRD-05"], fails_without=("credentials.type",)))[0]


def test_the_search_finds_a_certain_failure_that_nobody_claims(checks: dict[str, Check]) -> None:
    wrong, left = search(first_example(checks["IDN-05"], at_best={}))
    assert not wrong
    assert "selfmade" in left["actors.identity_attested_at"]
    assert "none" not in left.get("actors.identity_issuer", [])


# ---------------------------------------------------------------- what a failure says, and what stays unknown

AGENT = {"actor_id": "a1", "kind": "agent", "state": "active"}
MODEL = {
    "component_id": "c1",
    "actor_id": "a1",
    "type": "model",
    "name": "orb",
    "version": "latest",
}
PINNED = MODEL | {"version": "1", "pinned": True}
LINK = {"actor_id": "a1", "peer_id": "a2"}
DEPLOYED = AGENT | {"environment": "production"}
GRANT = {"actor_id": "a1", "type": "tool", "name": "crm.read", "effect": "read"}


@pytest.mark.parametrize(
    ("name", "given", "result", "words"),
    [
        ("SUP-01", {"components": [MODEL]}, "fail", "floating version latest"),
        ("SUP-01", {"components": [PINNED]}, "unknown", "holds components.vendor"),
        ("RUN-03", {"links": [LINK | {"authenticated": False}]}, "fail", "not authenticated"),
        ("RUN-08", {"links": [LINK]}, "fail", "a2 is in no register"),
        ("SUP-05", {"actors": [DEPLOYED | {"deploy_static_secret": True}], "grants": [GRANT]}, "fail", "a static deploy secret"),
        ("SUP-05", {"actors": [DEPLOYED | {"deploy_static_secret": False}], "grants": [GRANT]}, "unknown", "no record of "),
        ("IDN-05", {"actors": [DEPLOYED | {"identity_issuer": "a blog"}]}, "fail", "issued by a blog"),
        ("IDN-05", {"actors": [DEPLOYED | {"identity_issuer": "spiffe"}]}, "unknown", "holds actors.identity_attested_at"),
        ("INV-01", {"actors": [AGENT | {"owner_id": "", "purpose": "x"}]}, "fail", "the record is incomplete; no owner"),
        ("INV-01", {"actors": [AGENT | {"owner_id": "ann", "purpose": "x"}]}, "unknown", "no record of "),
    ],
)  # fmt: skip
def test_a_certain_failure_stands_and_names_only_what_is_recorded(
    name: str, given: dict[str, Any], result: str, words: str, checks: dict[str, Check]
) -> None:
    made = {"actors": [AGENT]} | given
    (got,) = examples.results_of(checks[name], {"given": made}).values()
    assert (got[0], words in got[1]) == (result, True), got
    assert "not recorded)" not in got[1]


@pytest.mark.deep
def test_what_is_put_in_place_of_the_unrecorded_is_never_printed(checks: dict[str, Check]) -> None:
    told = []
    for check in (checks[name] for name in ("INV-01", "SUP-01", "LIF-05")):
        for example in check.examples:
            worlds = Worlds(check, dict(example))
            seen = worlds.assess([without(worlds.given, [column]) for column in check.at_best])
            told += [reason for world in seen for _, reason in world.results.values()]
    assert len(told) > 50 and not [r for r in told if "(not" in r]


def test_a_key_of_two_agents_whose_lists_lack_different_columns_is_held_to_neither(
    checks: dict[str, Check], tmp_path: Path
) -> None:
    """The columns of both lists would have to be at best at once: that is not tried, so nothing is claimed. Nor is
    anything of a key whose own list does not tell what another tells of its keys."""
    check = replace(
        checks["CRD-05"],
        sql="SELECT c.credential_id AS subject, MIN(CASE WHEN c.storage IS NULL OR c.type IS NULL THEN 0 ELSE 1 END) = 1 AS ok "
        "FROM credentials AS c GROUP BY c.credential_id",
        params={}, reasons={}, at_best={"credentials.storage": "vault", "credentials.type": "api_key"},
    )  # fmt: skip
    rows = [("one", "k1", "a1"), ("two", "k1", "a2"), ("one", "k2", "a1")]
    with DuckDB(tmp_path) as engine:
        examples.load_example(engine, {"given": {
            "actors": [AGENT, AGENT | {"actor_id": "a2"}],
            "credentials": [{"credential_id": k, "actor_id": a, "type": "", "storage": ""} for _, k, a in rows],
        }})  # fmt: skip
        for number, (source, _, _) in enumerate(rows, 1):
            engine.run(f"UPDATE in_credentials SET source = '{source}' WHERE record = {number}")
        engine.run("DELETE FROM carried WHERE tbl = 'credentials'")
        engine.insert("carried", [
            *((s, "credentials", c) for s in ("one", "two") for c in ("credential_id", "actor_id")),
            ("one", "credentials", "type"), ("two", "credentials", "storage"),
        ])  # fmt: skip
        derive(engine, examples.RUN, [])
        runner.prepare(engine, ["credential"])
        runner.assess(engine, [(check, compile_check(check))])
        found = dict(engine.rows("SELECT subject, status FROM results"))
    assert found == {"k1": "unknown", "k2": "unknown"}


def test_a_policy_fails_for_what_is_recorded_though_no_policy_says_who_approved_it(
    checks: dict[str, Check],
) -> None:
    policy = {"policy_id": "P1", "scope": "agents", "status": "approved", "clauses": ";logging;"}
    over = policy | {"effective_at": "2026-01-01", "review_due": "2026-08-01"}
    got = examples.results_of(checks["POL-01"], {"given": {"policies": [over]}})
    assert {v for v, _ in got.values()} == {"fail"}, got


@pytest.mark.parametrize(
    ("at_best", "says"),
    [
        ({"actors.name": "x"}, "at_best: actors.name is not a column that it needs"),
        ({"actors.actor_id": "x"}, "at_best: no value can stand for actors.actor_id"),
        ({"actors.environment": "moon"}, "at_best: 'moon' is not a value of actors.environment"),
        ({"actors.identity_attested_at": "soon"}, "at_best: 'soon' is not a value of actors.identity_attested_at"),
        ({"actors.identity_attested_at": True}, "at_best: True is not a value of actors.identity_attested_at"),
        ({"actors.identity_attested_at": "2026-02-30"}, "at_best: '2026-02-30' is not a value of actors.identity_attested_at"),
    ],
)  # fmt: skip
def test_a_best_value_fits_a_column_that_the_check_needs(
    at_best: dict[str, object], says: str, checks: dict[str, Check]
) -> None:
    check = replace(checks["IDN-05"], at_best=at_best)
    assert says in lint._unfit(check, compile_check(check))


def test_a_check_of_others_is_run_again_in_the_child_too(
    checks: dict[str, Check], tmp_path: Path
) -> None:
    check = checks["IDN-05"]
    compiled = compile_check(check)
    actors = [
        DEPLOYED | {"identity_issuer": "a blog"},
        DEPLOYED | {"actor_id": "a2", "identity_issuer": "spiffe"},
    ]
    with DuckDB(tmp_path / "work") as engine:
        examples.load_example(engine, {"given": {"actors": actors}})
        derive(engine, examples.RUN, [])
        runner.prepare(engine, ["agent"])
        with Apart([compiled], tmp_path / "work", "200MB", USUAL) as run:
            asked: list[str] = []

            def told(one: DuckDB, of: Check, what: Compiled) -> Compiled:
                asked.append(what.written)
                return run(one, of, what)

            runner.assess(engine, [(check, compiled)], run=told)
        found = dict(engine.rows("SELECT subject, status FROM results"))
    assert found == {"a1": "fail", "a2": "unknown"}
    assert asked == ["", compiled.sql]


def test_a_parameter_of_the_workspace_is_the_best_value(checks: dict[str, Check]) -> None:
    """With the shipped value in its place, a failure would be claimed that the workspace's own list undoes."""
    given = {"actors": [DEPLOYED | {"identity_attested_at": "2026-09-01"}]}
    own = {"given": given, "params": {"approved_issuers": ["our own"]}}
    check = checks["IDN-05"]
    mine = replace(check, params=check.params | own["params"])
    assert mine.best("actors.identity_issuer") == "our own"
    assert examples.results_of(mine, own)["a1"][0] == "unknown"
