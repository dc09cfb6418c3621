"""What tests by other tools decide of our checks. In: results, tests, rules. Out: results settled.

A rule of a tool speaks for a check about what bears the name that it tested. Of each rule and
target the latest test counts, of the period or some days before its end. What was not run, or a
failure that somebody set aside, is no test."""

from __future__ import annotations

from reporter.content.frameworks import ALWAYS
from reporter.content.loader import Content
from reporter.engine.base import Engine, quoted_list
from reporter.evaluate.coded_results import make_changeable
from reporter.evaluate.unassessed import FILLED
from reporter.model.reasons import CHECK_STATUSES, ENGINE
from reporter.model.source import class_of
from reporter.schema.tables import ORGANISATION, SUBJECTS
from reporter.schema.vocabulary import EVIDENCE, VOCABULARY

_DECLARED, _VERIFIED = EVIDENCE[0], EVIDENCE[-1]
_NOT_SURE = ("unclassed", "disguised", "not_run")
"""Reasons by which it is open whether the check applies at all: no test decides that."""
_OF_ENGINE = tuple(code for code in ENGINE if code not in CHECK_STATUSES)
_LATEST = (
    "SELECT t.*, k.check_id, k.about, k.fails, k.passes, k.types FROM tests AS t JOIN tool_rules AS"
    " k ON starts_with(lower(t.tool), k.tool) AND t.rule GLOB k.rule CROSS JOIN run AS r WHERE"
    " t.result IN ('passed', 'failed') AND t.tested_at <= r.as_of AND t.tested_at >="
    " least(r.period_from, r.period_to - to_days(CAST(k.days AS INTEGER))) QUALIFY rank() OVER"
    " (PARTITION BY k.check_id, lower(t.tool), t.rule, coalesce(t.target, t.actor_id) ORDER BY"
    " t.tested_at DESC) = 1"
)
_ONLY_ONE = (
    "SELECT l.row_id, l.check_id, min(c.credential_id), TRUE FROM latest AS l JOIN tested_names AS"
    " n USING (row_id) JOIN credentials AS c ON c.actor_id = n.name AND"
    " list_contains(string_split(l.types, ';'), c.type) CROSS JOIN run AS r WHERE l.about ="
    " 'credential' AND (c.ended_at IS NULL OR c.ended_at > r.as_of) GROUP BY l.row_id, l.check_id"
    " HAVING count(DISTINCT c.credential_id) = 1"
)
"""SQL: a test of somebody, and the only credential listed for him of the types that its rule speaks
of.
"""
_SEVERITIES = quoted_list(VOCABULARY["tests.severity"])
_FIRST = f"(coalesce(list_position({_SEVERITIES}, severity), 0), tested_at, rule, ref)"
"""SQL: the gravest and latest of several tests is named."""
_VALUES = ", ".join(
    f"'{c}', arg_max({c}, {_FIRST})" for c in ("tool", "rule", "tested_at", "severity", "found_at")
)
_FAILS = (
    "t.is_open AND t.fails <> '' AND ((c.status IN ('pass', 'declared') AND NOT t.inferred) OR"
    f" (c.status = 'unknown' AND c.reason_code NOT IN {_NOT_SURE} AND (t.fails = '{ALWAYS}' OR"
    f" c.reason_code NOT IN {_OF_ENGINE})))"
)
"""SQL over a result and a test: a list may lack another credential than the inferred one, so that
this overturns no pass.
"""
_PASSES = (
    "t.passes AND t.result = 'passed' AND NOT t.any_open AND NOT t.inferred AND t.evidence ="
    f" '{_VERIFIED}' AND c.status IN ('unknown', 'declared') AND c.reason_code NOT IN"
    f" {(*_NOT_SURE, 'unlisted')}"
)


def settle_by_tests(engine: Engine, content: Content) -> None:
    """Let tests decide results: an open failure makes a pass or an unknown result a fail, and is
    one where the check saw nothing to assess; a passed test makes an unknown or declared result a
    pass. A fail stays.
    """
    if engine.one("SELECT count(*) FROM tests"):
        _list_rules(engine, content)
        _weigh(engine, content)
        _decide(engine, "fail", "test_failed", _FAILS)
        _decide(engine, "pass", "test_passed", _PASSES)
        _add_failures(engine, content)


def _list_rules(engine: Engine, content: Content) -> None:
    engine.run(
        "CREATE OR REPLACE TEMP TABLE tool_rules (tool VARCHAR, rule VARCHAR, check_id VARCHAR,"
        " about VARCHAR, fails VARCHAR, passes BOOLEAN, types VARCHAR, days BIGINT)"
    )
    about = {c.id: c.about for c in content.checks}
    rules = [
        (r.tool, r.rule, r.check, about[r.check], r.fails, int(r.passes), ";".join(r.of), r.days)
        for r in content.tool_rules
        if r.check in about
    ]
    engine.insert("tool_rules", rules)


def _weigh(engine: Engine, content: Content) -> None:
    """Make `tested`: each test that counts, and a subject of the check that it speaks for."""
    sources = {s.id: s for s in content.sources}
    names = [s for (s,) in engine.rows("SELECT DISTINCT source FROM tests ORDER BY 1")]
    declared = quoted_list([s for s in names if class_of(sources, s, "tests.result") == _DECLARED])
    is_earlier = "found_at < date_trunc('day', tested_at)"
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE tested AS WITH latest AS MATERIALIZED ({_LATEST}), about AS"
        " (SELECT l.row_id, l.check_id, n.name AS subject, FALSE AS inferred FROM latest AS l JOIN"
        f" tested_names AS n USING (row_id) UNION ALL SELECT row_id, check_id, '{ORGANISATION}',"
        f" FALSE FROM latest WHERE about = '{ORGANISATION}' UNION ALL {_ONLY_ONE}) SELECT l.*"
        f" REPLACE (CASE WHEN {is_earlier} THEN found_at END AS found_at), a.subject, a.inferred,"
        " l.result = 'failed' AND (l.fixed_at IS NULL OR l.fixed_at > r.as_of) AS is_open,"
        " bool_or(is_open) OVER (PARTITION BY l.check_id, a.subject) AS any_open, CASE WHEN"
        f" list_contains({declared}, l.source) THEN '{_DECLARED}' ELSE '{_VERIFIED}' END AS"
        " evidence FROM about AS a JOIN latest AS l USING (row_id, check_id) CROSS JOIN run AS r"
    )


def _decide(engine: Engine, status: str, code: str, condition: str) -> None:
    """Give results of which a test fulfils a condition a status, with that test as the reason."""
    results = "(SELECT check_id, subject, status, reason_code FROM results) AS c"
    _name_tests(engine, f"{results} JOIN tested AS t USING (check_id, subject) WHERE {condition}")
    if engine.one("SELECT count(*) FROM decided"):
        make_changeable(engine)
        engine.run(
            f"UPDATE results SET status = '{status}', reason_code = '{code}', reason_values ="
            " d.held, ref = d.ref, evidence = d.evidence FROM decided AS d WHERE results.check_id"
            " = d.check_id AND results.subject = d.subject"
        )


def _add_failures(engine: Engine, content: Content) -> None:
    """Add a failure of what is in use and has no result; a sample has those of its own only."""
    for about in sorted({c.about for c in content.checks if SUBJECTS[c.about]}):
        ids = quoted_list([c.id for c in content.checks if c.about == about and not c.sample])
        _name_tests(
            engine,
            f"(SELECT subject FROM subjects_{about} WHERE live AND NOT may_be_agent) AS s JOIN"
            f" tested AS t USING (subject) WHERE t.is_open AND NOT t.inferred AND t.fails ="
            f" '{ALWAYS}' AND list_contains({ids}, t.check_id) AND NOT EXISTS (SELECT 1 FROM"
            " results AS c WHERE c.check_id = t.check_id AND c.subject = t.subject)",
        )
        if engine.one("SELECT count(*) FROM decided"):
            make_changeable(engine)
            engine.run(
                f"INSERT INTO results ({FILLED}) SELECT d.check_id, d.subject, 'fail',"
                " 'test_failed', d.held, d.ref, coalesce(s.actor, ''), coalesce(s.owner, ''),"
                " coalesce(s.tier_lo, 1), coalesce(s.tier_hi, 4), d.evidence FROM decided AS d JOIN"
                f" subjects_{about} AS s USING (subject)"
            )


def _name_tests(engine: Engine, tests: str) -> None:
    """Make `decided`: of each check and subject among some tests the one to name."""
    engine.run(
        "CREATE OR REPLACE TEMP TABLE decided AS SELECT check_id, subject,"
        f" CAST(json_object({_VALUES}, 'n_more', nullif(count(DISTINCT (tool, rule)) - 1, 0)) AS"
        f" VARCHAR) AS held, arg_max(ref, {_FIRST}) AS ref, arg_max(evidence, {_FIRST}) AS evidence"
        f" FROM {tests} GROUP BY ALL"
    )
