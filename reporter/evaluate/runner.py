"""Run compiled checks and apply the honesty rules to every result. In: an engine with tables. Out:
table `results`.

What the SQL of a check returns is not final: a source that never records a fact, or a log that
stopped delivering, makes the result unknown."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from itertools import groupby

import msgspec

from reporter.engine.base import (
    Broken,
    Engine,
    Error,
    Interrupted,
    OutOfMemory,
    Unreadable,
    quoted,
    quoted_list,
)
from reporter.errors import ContentError
from reporter.evaluate.coded_results import RESULTS_TABLE, Aside, make_changeable
from reporter.evaluate.evidence import (
    CREDITED,
    NO_SOURCES,
    UNDECIDING,
    UNLISTED,
    Column,
    Rest,
    Sight,
    at_most_record,
    bound_by_record,
    cite_deciding,
    demand,
    gaps_of,
    hold_to_own_lists,
    holds,
    not_recorded_everywhere,
    not_recorded_groups,
    see,
    tables_of,
    weakest_by_group,
    weakest_of,
)
from reporter.evaluate.possible_agents import DISGUISED, UNCLASSED, find_disguised, find_strangers
from reporter.evaluate.unassessed import (
    FILLED,
    MOST_SAID,
    NOT_ACTORS,
    UNREAD_TABLE,
    WHY,
    Failure,
    Failures,
    Runner,
    Why,
    at_best,
    because,
    doubt_absence,
    doubt_unread,
    find_certain,
    find_wrong_subjects,
    insert_unseen,
    make_unknown,
    with_next,
)
from reporter.model.assessment import Check
from reporter.model.source import Source
from reporter.schema.compiled import CODE, VALUES, Compiled
from reporter.schema.tables import (
    CALLED,
    EVENT_TABLES,
    KEY_ENDS,
    SHARED,
    SUBJECTS,
    TABLES,
    loaded_column,
)

_SHOWN_BY = {
    "data_use": ("resource",),
    "first_uses": ("tool",),
    "approval_lag": ("tool", "resource", "destination"),
}
"""Columns of events without which a table cannot show everything: a log that never names what was
touched cannot show that nothing else was."""
_OF_AGENTS = ("agent", "credential", "principal")


def prepare(engine: Engine, abouts: Iterable[str] = SUBJECTS) -> None:
    """Make the tables the checks share: subjects, tiers, what is not recorded, silent feeds, and
    the empty `results`. `tiers_as_said` has who might be of a higher tier than is said.

    `waived_until` and `waiver` stay empty here: `effects` fills them.
    """
    engine.run(f"CREATE OR REPLACE MACRO {CALLED}(plain) AS plain")
    engine.run(RESULTS_TABLE)
    engine.run(UNREAD_TABLE)
    engine.run(
        "CREATE TABLE tiers AS SELECT a.actor_id, coalesce(owner_id, '') AS owner, kind, state,"
        " a.registered, CASE WHEN NOT a.registered THEN 4 ELSE coalesce(r.tier_lo, t, 1) END AS"
        " tier_lo, CASE WHEN NOT a.registered THEN 4 ELSE coalesce(r.tier_hi, t, 4) END AS tier_hi,"
        " FALSE AS may_be_agent FROM (SELECT *, CASE risk_tier WHEN 'low' THEN 1 WHEN 'medium' THEN"
        " 2 WHEN 'high' THEN 3 WHEN 'critical' THEN 4 END AS t FROM actors) AS a LEFT JOIN"
        " risk_tiers AS r ON r.actor_id = a.actor_id"
    )
    engine.run(
        "CREATE TABLE tiers_as_said AS SELECT a.actor_id, CAST(a.risk_tier AS VARCHAR) AS"
        " risk_tier, arg_min(r.file || '#' || CAST(r.record AS VARCHAR), r.place) AS ref,"
        " list(DISTINCT r.source) AS sources FROM actors AS a JOIN tiers AS t ON t.actor_id ="
        " a.actor_id JOIN actor_rows AS r ON r.actor_id = a.actor_id AND r.risk_tier ="
        " a.risk_tier WHERE a.registered AND t.tier_lo < 4 GROUP BY ALL"
    )
    find_disguised(engine)
    find_strangers(engine)
    _group_actors(engine)
    look(engine, abouts)


def look(engine: Engine, abouts: Iterable[str] = SUBJECTS) -> None:
    """Make the tables that depend on which logs were alive: silent feeds and subjects. Existing
    ones are replaced.
    """
    _find_silent_logs(engine)
    for about in sorted(set(abouts)):
        if SUBJECTS[about]:
            engine.run(_subject_table(about, SUBJECTS[about]))


def _subject_table(about: str, sql: str) -> str:
    """SQL: one row per subject, with its highest tier and one actor to name. What the worst of its
    actors lacks is kept apart.
    """
    # A pass on a key or principal must not weigh more because a stranger used it.
    tier = (
        "max(t.{0})"
        if about in ("agent", "actor")
        else (
            "CASE WHEN bool_and(t.may_be_agent) THEN max(t.{0}) ELSE max(CASE WHEN t.kind IS NOT"
            " NULL THEN t.{0} END) END"
        )
    )
    return (
        f"CREATE OR REPLACE TABLE subjects_{about} AS SELECT s.subject, min(s.actor_id) AS actor,"
        f" arg_max(t.owner, (t.tier_hi, s.actor_id)) AS owner, {tier.format('tier_lo')} AS tier_lo,"
        f" {tier.format('tier_hi')} AS tier_hi, bool_or(t.kind = 'agent' AND coalesce(t.state,"
        " 'active') = 'active') AS live, coalesce(list(g.grp) FILTER (WHERE t.registered),"
        " list(g.grp)) AS grps, coalesce(bool_and(t.may_be_agent), FALSE) AS may_be_agent,"
        " min(u.kind) AS listed_as, min(u.signs) AS signs, any_value(d.why ORDER BY d.actor_id) AS"
        f" silent FROM ({sql}) AS s LEFT JOIN tiers AS t ON t.actor_id ="
        " s.actor_id LEFT JOIN disguised AS u ON u.actor_id = s.actor_id LEFT JOIN actor_groups AS"
        " g ON g.actor_id = s.actor_id LEFT JOIN dead_logs AS d ON d.actor_id = s.actor_id WHERE"
        " s.subject IS NOT NULL GROUP BY s.subject"
    )


def _group_actors(engine: Engine) -> None:
    """Group actors that the same sources describe, to record what they lack once per group."""
    engine.run(
        "CREATE TABLE actor_groups AS SELECT actor_id, dense_rank() OVER (ORDER BY signature) AS"
        " grp, signature FROM (SELECT actor_id, string_agg(DISTINCT tbl || '=' || source, ';' ORDER"
        " BY tbl || '=' || source) AS signature FROM described GROUP BY actor_id) AS s"
    )


_DELIVERED = (
    "{'code': CASE f.every WHEN 'hour' THEN 'silent_hours' ELSE 'silent_days' END, 'held':"
    " CAST(json_object('log_source', f.log_source, 'seen', f.seen, 'expected', f.expected) AS"
    " VARCHAR)}"
)
"""SQL: the reason that a log source did not deliver, as `WHY`."""


def _find_silent_logs(engine: Engine) -> None:
    """Record for each actor, registered or not, why its logs cannot prove silence."""
    engine.run(
        "CREATE OR REPLACE TABLE dead_logs AS WITH logs AS (SELECT actor_id, log_source FROM"
        " actor_log_sources UNION SELECT agent_id, log_source FROM activity WHERE agent_id IS NOT"
        " NULL UNION SELECT agent_id, log_source FROM unseen_agents) SELECT a.actor_id, min(CASE"
        " WHEN NOT f.alive THEN f.log_source END) AS log_source, CASE WHEN count(l.log_source) = 0"
        f" THEN {because('no_log').sql} ELSE arg_min({_DELIVERED}, f.log_source) FILTER (NOT"
        " f.alive) END AS why FROM (SELECT actor_id FROM actors UNION SELECT agent_id FROM"
        " activity WHERE agent_id IS NOT NULL) AS a LEFT JOIN logs AS l ON l.actor_id = a.actor_id"
        " LEFT JOIN feed_delivery AS f ON f.log_source = l.log_source GROUP BY a.actor_id HAVING"
        " why IS NOT NULL"
    )


def needs_of(check: Check, compiled: Compiled) -> list[tuple[str, str]]:
    """Return the (table, column) pairs that the check cannot do without, as loaded columns."""
    pairs: set[tuple[str, str]] = set()
    for table, column in compiled.reads:
        loaded = loaded_column(table, column)
        if loaded and not _is_sparse(*loaded):
            pairs.add(loaded)
    for name in check.needs:
        table, column = name.split(".")
        pairs.add((table, column))
    return sorted(pairs)


def rests_of(compiled: Compiled) -> list[Rest]:
    """Return what results of a check rest on: of each group of loaded columns any may prove the
    same.
    """
    loaded = {p for t, c in compiled.reads if (p := loaded_column(t, c))}
    return [*((p,) for p in sorted(loaded)), *compiled.rests]


def columns_read(check: Check, compiled: Compiled) -> frozenset[str]:
    """Return the loaded columns that a check reads, itself or through models, as table.column, but
    for those that say of whom a row is and whether it counts.
    """
    direct = {p for t, c in compiled.reads if (p := loaded_column(t, c))}
    behind = {p for group in compiled.rests for p in group}
    needed = {(t, c) for t, _, c in (name.partition(".") for name in check.needs)}
    return frozenset(f"{t}.{c}" for t, c in direct | behind | needed if c not in UNDECIDING)


def _is_sparse(table: str, column: str) -> bool:
    return next(c.sparse for c in TABLES[table].columns if c.name == column)


def assess(
    engine: Engine,
    checks: Sequence[tuple[Check, Compiled]],
    threads: int = 1,
    strict: bool = True,
    run: Runner = lambda _, __, j: j,
    aside: Aside | None = None,
    sources: Mapping[str, Source] = NO_SOURCES,
    sight: Sight | None = None,
) -> dict[str, str]:
    """Fill `results` with a row per check and subject; several checks at a time when threads allow.
    Laid aside, they are a view of files. `sources` tell the classes of evidence, for `see`.

    A check that fails while running, or gives a subject twice, raises ContentError. Without
    `strict` its results are unknown instead, and the reason is returned by its id."""
    queue = deque(checks)
    faults: Failures = {}
    sight = sight or see(engine, sources)
    work_off = partial(_work_off, sight=sight, failures=faults, run=run, aside=aside)
    if threads == 1:
        work_off(engine, queue)
    else:
        with ThreadPoolExecutor(threads) as pool:
            for task in [pool.submit(work_off, engine.twin(), queue) for _ in range(threads)]:
                task.result()
    # A check that ran out of memory next to another may succeed alone.
    retries = [
        c for c in checks if c[0].id in faults and isinstance(faults[c[0].id].error, OutOfMemory)
    ]
    for check, _ in retries:
        del faults[check.id]
    work_off(engine, deque(retries))
    doubtful = aside.show(engine) if aside else {check.id for check, _ in checks}
    faults |= find_wrong_subjects(engine, [check for check, _ in checks if check.id in doubtful])
    if strict and faults:
        raise faults[min(faults)].error
    for check, _ in checks:
        if check.id in faults:
            make_changeable(engine)
            make_unknown(engine, check, faults[check.id].why)
    return {check: failure.why for check, failure in sorted(faults.items())}


def _work_off(
    engine: Engine,
    queue: deque[tuple[Check, Compiled]],
    sight: Sight,
    failures: Failures,
    run: Runner,
    aside: Aside | None,
) -> None:
    """Take checks off the queue until it is empty; keep what fails."""
    if aside:
        engine = aside.connection(engine)
    while queue:
        try:
            check, compiled = queue.popleft()
        except IndexError:
            return
        try:
            _run_one(engine, check, compiled, sight, run)
        except OutOfMemory as error:
            failures[check.id] = Failure(error.message, error)
        except Unreadable:  # no statement about the check: its results are not unknown
            queue.clear()
            raise
        except Error as error:
            why = str(error).splitlines()[0][:MOST_SAID]
            failure = ContentError(f"{check.id} failed while running: {why}", check.place)
            if isinstance(error, (Interrupted, Broken)):
                queue.clear()
                raise failure from error
            failures[check.id] = Failure(why, failure)
        if aside:
            aside.take(engine, check.id)


def _run_one(engine: Engine, check: Check, compiled: Compiled, sight: Sight, run: Runner) -> None:
    needs = needs_of(check, compiled)
    reads_events = bool(compiled.tables & EVENT_TABLES)
    needs_to_fail = [n for n in needs if ".".join(n) not in check.fails_without]
    needs_to_scope = _needs_to_scope(check, needs, sight)
    all_needs = needs, needs_to_fail, needs_to_scope
    why, why_no_fail, why_no_scope = (not_recorded_everywhere(n, sight) for n in all_needs)
    plan = run(engine, check, compiled)
    if reads_events and not sight.has_events:
        why = why_no_fail = why_no_scope = _without_events(why)
    if gaps := _lacking_at_best(check, needs_to_fail, sight):
        plan = _fail_at_best(engine, check, compiled, plan, gaps, run)
    loaded = {p for t, c in compiled.reads if (p := loaded_column(t, c))}
    rests = rests_of(compiled)
    if check.about in NOT_ACTORS:
        evidence = weakest_of({}, rests, sight.strengths)
        results = _insert_organisation(
            engine, check, plan, why, why_no_fail, reads_events, evidence
        )
        bound_by_record(engine, check.id, rests, sight)
    else:
        shown_by = {("events", c) for t in compiled.tables for c in _SHOWN_BY.get(t, ())}
        lacking = cache(lambda *columns: not_recorded_groups([*columns], sight))  # most are equal
        not_recorded, not_recorded_to_fail, not_recorded_to_scope, proves_no_absence = (
            lacking(*columns) for columns in (*all_needs, sorted(shown_by))
        )
        results = _insert_actors(
            engine,
            check,
            plan,
            not_recorded,
            not_recorded_to_fail,
            not_recorded_to_scope,
            proves_no_absence,
            reads_events,
            at_most_record(
                weakest_by_group(rests, sight.groups, sight.strengths),
                f"v.{CODE}",
                check.record_only,
            ),
        )
    if why_no_scope and not results:
        insert_unseen(engine, check, why or why_no_scope)
    certain = partial(find_certain, engine, check, compiled, run)
    hold_to_own_lists(engine, check, needs, needs_to_fail, sight, certain)
    demand(engine, check, sight.strengths)
    if sight.has_several:
        cite_deciding(engine, check, loaded)
    if sight.partial:
        doubt_absence(engine, check, sight.partial)
    if sight.unread:
        columns = {c for group in rests for c in group}
        if ("credentials", "ended_at") in compiled.reads:
            columns |= {("credentials", name) for name in KEY_ENDS}
        doubt_unread(engine, check, columns, sight.unread, certain)


def _without_events(why: Why | None) -> Why:
    """Return why nothing can be said without an event, and where columns are missing, both."""
    values = msgspec.json.decode(why.values) if why else {}
    then = {"code": "no_events", "values": {}}
    return because(why.code, **values, then=then) if why else because("no_events")


def _needs_to_scope(check: Check, needs: list[Column], sight: Sight) -> list[Column]:
    """Return the columns without which it is not known whether whom the check leaves out is in
    scope: all, unless the check names them and no page of their tables is missing.
    """
    columns = [(t, c) for t, _, c in (name.partition(".") for name in check.scope)]
    return needs if {t for t, _ in columns} & {t for _, t in sight.partial} else columns or needs


def _lacking_at_best(
    check: Check, needs: list[tuple[str, str]], sight: Sight
) -> dict[frozenset[str], str]:
    """Return the missing columns for which the check declares a best case -> SQL over a subject's
    groups.
    """
    if not check.at_best:
        return {}
    if check.about in NOT_ACTORS:
        columns = frozenset(".".join(n) for n in needs if n not in sight.columns)
        tables = {t for _, t in sight.tables}
        is_covered = columns and columns <= set(check.at_best) and tables_of(columns) <= tables
        return {columns: "TRUE"} if is_covered else {}
    shared_columns = {".".join(n) for n in needs if n[0] in SHARED and n not in sight.columns}
    groups: dict[frozenset[str], list[int]] = {}
    for group, sources in sight.groups:
        gaps = gaps_of(sources, needs, sight.carried)
        columns = frozenset(shared_columns.union(*(gaps or {}).values()))
        # No value replaces a row: a missing table has no best case.
        if (
            gaps is not None
            and columns
            and columns <= set(check.at_best)
            and all(holds(sources, table, sight) for table in tables_of(columns))
        ):
            groups.setdefault(columns, []).append(group)
    return {
        names: _all_in(ids) for names, ids in sorted(groups.items(), key=lambda g: sorted(g[0]))
    }


def _fail_at_best(
    engine: Engine,
    check: Check,
    compiled: Compiled,
    query: Compiled,
    gaps: dict[frozenset[str], str],
    run: Runner,
) -> Compiled:
    """Return a check over the results of `query` that marks the failures that are certain, with
    their own reasons.

    A failure is certain if it remains in the best case for everything that is not recorded. The
    check runs again only where it has failures."""
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE run_again AS SELECT v.subject, v.ok, v.{CODE},"
        f" v.{VALUES}, {_ref(query)} AS ref, FALSE AS certain FROM ({query.sql}) AS v"
    )
    of_actors = check.about not in NOT_ACTORS
    for names, membership in gaps.items():
        subjects = f"SELECT s.subject FROM subjects_{check.about} AS s WHERE {membership}"
        condition = "ok IS FALSE" + (f" AND subject IN ({subjects})" if of_actors else "")
        if not engine.one(f"SELECT count(*) FROM run_again WHERE {condition}"):
            continue
        best = run(engine, check, at_best(engine, check, compiled, names))
        engine.run(
            f"UPDATE run_again SET {CODE} = b.{CODE}, {VALUES} = b.{VALUES}, ref = b.ref,"
            f" certain = TRUE FROM (SELECT v.subject, v.ok, v.{CODE}, v.{VALUES}, {_ref(best)} AS"
            f" ref FROM ({best.sql}) AS v) AS b WHERE b.subject = run_again.subject AND b.ok IS"
            f" FALSE AND run_again.{condition.replace(' AND subject', ' AND run_again.subject')}"
        )
    sql = f"SELECT subject, ok, {CODE}, {VALUES}, ref, certain FROM run_again"
    return replace(query, sql=sql, has_ref=True, has_certain=True)


def _insert_actors(
    engine: Engine,
    check: Check,
    compiled: Compiled,
    not_recorded: dict[int, Why],
    not_recorded_to_fail: dict[int, Why],
    not_recorded_to_scope: dict[int, Why],
    proves_no_absence: dict[int, Why],
    events: bool,
    evidence: str,
) -> int:
    """Join the rows of a check to its subjects; add the live subjects that the check could not see.

    A subject of several actors (a shared key) passes only if all are seen in full, and fails if one
    of them shows a failure. An actor that may be an agent, though no list says so, is unknown in
    each check on agents. An actor listed as something else is unknown in each check that does not
    assess its listed type.

    Groups in `not_recorded` cannot pass, nor fail if they are in `not_recorded_to_fail` too, and
    those in `not_recorded_to_scope` may be in scope. Groups in `proves_no_absence` can fail, but
    cannot pass."""
    on_agents = "TRUE" if check.about in _OF_AGENTS else "FALSE"
    why_not_recorded, why_no_absence = _case(not_recorded), _case(proves_no_absence)
    certain = "v.certain" if compiled.has_certain else "FALSE"
    all_not_recorded = (
        f"CASE WHEN v.ok IS FALSE THEN NOT {certain} AND {_all_in(not_recorded_to_fail)} ELSE"
        f" {_all_in(not_recorded)} END"
    )
    seen = quoted_list(check.without_logs)
    silent = f"CASE WHEN NOT coalesce(list_contains({seen}, v.{CODE}), FALSE) THEN silent END"
    why_silent = f"coalesce({silent}, {why_no_absence})" if events else why_no_absence
    results: int = engine.one(
        f"INSERT INTO results ({FILLED}) WITH v AS MATERIALIZED ({compiled.sql}), joined AS (SELECT"
        " coalesce(v.subject, s.subject) AS subject, v.subject IS NOT NULL AS seen, v.ok,"
        f" {_reason('v')} AS reason, s.subject IS NULL AS unlisted, {_ref(compiled)} AS ref,"
        f" s.actor, s.owner, s.tier_lo, s.tier_hi, s.live, {on_agents} AND coalesce(s.may_be_agent,"
        f" FALSE) AND (v.subject IS NULL OR s.signs IS NULL) AS may_be, coalesce({DISGUISED},"
        f" {because(UNCLASSED).sql}) AS why_may_be, {why_not_recorded} AS why_not_recorded,"
        f" {all_not_recorded} AS all_not_recorded, {why_silent} AS why_silent,"
        f" {_case(not_recorded_to_scope)} AS why_no_scope, {evidence} AS evidence FROM v FULL JOIN"
        f" subjects_{check.about} AS s ON s.subject = v.subject) SELECT {quoted(check.id)},"
        f" subject, {CREDITED}, why.code, why.held, ref, actor, owner, tier_lo, tier_hi, CASE WHEN"
        " status = 'unknown' THEN '' ELSE evidence END FROM (SELECT subject, evidence, CASE WHEN"
        " NOT seen OR ok IS NULL OR all_not_recorded OR may_be OR (ok AND (unlisted OR"
        " why_not_recorded IS NOT NULL OR why_silent IS NOT NULL)) THEN 'unknown'"
        " WHEN ok THEN 'pass' ELSE 'fail' END AS status, CASE WHEN may_be AND (NOT seen OR ok IS"
        " NOT NULL) THEN why_may_be WHEN why_not_recorded IS NOT NULL AND (NOT seen OR"
        f" all_not_recorded OR ok) THEN {with_next('why_not_recorded', 'why_silent')} WHEN NOT"
        " seen AND why_no_scope IS NOT NULL THEN why_no_scope WHEN (NOT seen OR ok) AND why_silent"
        f" IS NOT NULL THEN why_silent WHEN ok AND unlisted THEN {UNLISTED.sql} ELSE reason END AS"
        " why, coalesce(ref, '') AS ref, coalesce(actor, '') AS actor, coalesce(owner, '') AS"
        " owner, coalesce(tier_lo, 1) AS tier_lo, coalesce(tier_hi, 4) AS tier_hi FROM joined"
        " WHERE subject IS NULL OR seen OR may_be OR (live AND (why_no_scope IS NOT NULL OR"
        " why_silent IS NOT NULL))) AS r"
    )
    return results


def _all_in(groups: Iterable[int]) -> str:
    """SQL: all actors of the subject belong to the groups."""
    numbers = ", ".join(map(str, groups))
    return f"coalesce(list_has_all([{numbers}], grps), FALSE)" if numbers else "FALSE"


def _case(groups: dict[int, Why]) -> str:
    """SQL: the reason of the first listed group that a subject's actors belong to."""
    runs = ((why, [*map(str, some)]) for why, some in groupby(groups, groups.__getitem__))
    cases = (f"WHEN list_has_any(grps, [{', '.join(some)}]) THEN {w.sql}" for w, some in runs)
    return f"CASE {' '.join(cases)} END" if groups else _NO_REASON


def _insert_organisation(
    engine: Engine,
    check: Check,
    compiled: Compiled,
    why: Why | None,
    why_no_fail: Why | None,
    events: bool,
    evidence: str,
) -> int:
    """Insert results on the organisation, its logs, policies and actor types: tier 1, unknown when
    there is no evidence.

    A declared log that did not deliver is a subject whatever the check returns, so that losing it
    brings no advantage.

    `why` is the reason that nothing can pass, `why_no_fail` the reason that nothing can fail.
    """
    subject_condition = "f.log_source = v.subject" if check.about == "log_source" else "TRUE"
    silence = (
        f"(SELECT arg_min({_DELIVERED}, f.log_source) FROM feed_delivery AS f WHERE NOT f.alive AND"
        f" {subject_condition})"
    )
    silence = silence if events else _NO_REASON
    status = (
        f"CASE WHEN v.ok AND {silence} IS NULL THEN 'pass' WHEN NOT v.ok THEN 'fail' ELSE"
        " 'unknown' END"
    )
    check_reason = _reason("v")
    reason = f"coalesce(CASE WHEN v.ok THEN {silence} END, {check_reason})"
    first = why or why_no_fail
    lacking = with_next(first.sql, silence) if first else ""
    if why_no_fail:
        certain = "v.certain" if compiled.has_certain else "FALSE"
        status = f"CASE WHEN {certain} THEN 'fail' ELSE 'unknown' END"
        reason = f"CASE WHEN {certain} THEN {check_reason} ELSE {lacking} END"
    elif why:
        status = "CASE WHEN NOT v.ok THEN 'fail' ELSE 'unknown' END"
        reason = f"CASE WHEN NOT v.ok THEN {check_reason} ELSE {lacking} END"
    results: int = engine.one(
        f"INSERT INTO results ({FILLED}) WITH v AS ({compiled.sql}) SELECT {quoted(check.id)},"
        f" subject, {CREDITED}, why.code, why.held, ref, '', '', 1, 1, CASE WHEN status ="
        f" 'unknown' THEN '' ELSE evidence END FROM (SELECT v.subject, {quoted(evidence)} AS"
        f" evidence, {status} AS status, {reason} AS why, coalesce({_ref(compiled)}, '') AS ref"
        " FROM v) AS r"
    )
    if check.about == "log_source":
        results += engine.one(
            f"INSERT INTO results ({FILLED}) SELECT {quoted(check.id)}, f.log_source, 'unknown',"
            f" ({_DELIVERED}).code, ({_DELIVERED}).held, '', '', '', 1, 1, '' FROM feed_delivery AS"
            " f WHERE f.declared AND NOT f.alive AND NOT EXISTS (SELECT 1 FROM results AS c WHERE"
            f" c.check_id = {quoted(check.id)} AND c.subject = f.log_source)"
        )
    return results


def _reason(rows: str) -> str:
    """SQL: the reason that a check gives for a row, as `WHY`."""
    return f"{{'code': {rows}.{CODE}, 'held': {rows}.{VALUES}}}"


_NO_REASON = f"CAST(NULL AS {WHY})"


def _ref(compiled: Compiled) -> str:
    return "CAST(v.ref AS VARCHAR)" if compiled.has_ref else "CAST(NULL AS VARCHAR)"
