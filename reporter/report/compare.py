"""Earlier runs compared with this one. In: run folders, an assessment, its evidence. Out: the
changes, as plain data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise, starmap
from pathlib import Path

from reporter.engine.base import Engine, Error, quoted, quoted_list
from reporter.engine.duckdb import named_plainly, parquet
from reporter.errors import InputError
from reporter.i18n.translate import mark
from reporter.model.assessment import Assessment, Notice
from reporter.model.history import (
    GONE,
    OUTSIDE,
    ActorSeen,
    Answered,
    EarlierRun,
    Failing,
    History,
)
from reporter.model.scores import Status
from reporter.model.sentences import verbatim
from reporter.report.trend.earlier_runs import VerifiedRun, in_utc, refuse_other_unit
from reporter.report.trend.lifetimes import follow
from reporter.report.trend.movement import Pair, movements
from reporter.report.view.format import clean
from reporter.report.view.thresholds import rule, thresholds
from reporter.runs.run_manifest import is_without_people
from reporter.runs.store import (
    CHANGES,
    RESULTS,
)

_HASHES = {
    "content": mark("the content (checks, sources, catalogs)"),
    "policy": mark("the scoring policy"),
    "thresholds": mark("the thresholds"),
    "reporter": mark("the version of Reporter"),
}
_RULES = mark("the content (checks, sources, catalogs; with it the rules of {checks})")
_NO_RULE = mark("the content (checks, sources, catalogs; but no rule of a check that both have)")
_THRESHOLDS = mark("the thresholds ({thresholds})")
GONE_SHARE = 10
"""The first page reports missing agents from one in so many of the last run's agents."""
_PSEUDONYM = "^person-[0-9a-f]{12}$"
_REQUIRED = ("check", "subject", "status", "tier_lo", "tier_hi")
_OPTIONAL = (
    "reason_code",
    "reason_values",
    "record",
    "actor",
    "owner",
    "waived_until",
    "cause",
    "id",
)


def compare(
    engine: Engine,
    past_runs: Sequence[VerifiedRun],
    assessment: Assessment,
    run: Path,
    out: Path | None = None,
    names: Sequence[tuple[str, str]] = (),
) -> Assessment:
    """Add the history from earlier runs to an assessment whose results are in a run folder. By
    `names`, (alias, actor), whom earlier runs knew under another name is followed.

    Writes changes.parquet there, or to another folder.
    """
    is_purged = is_without_people(run)
    for past in (f for f in past_runs if not (is_purged or f.is_without_people)):
        refuse_other_unit(past, assessment.run)
    for number, path in enumerate([*(f.folder / RESULTS for f in past_runs), run / RESULTS]):
        load_results(engine, number, path)
    if not assessment.pseudonyms and not is_purged:
        _refuse_unmarked(engine, past_runs)
    last_run, number = past_runs[-1], len(past_runs)
    _follow_ids(engine, [*(f.is_without_people for f in past_runs), is_purged])
    _follow_names(engine, number, names)
    both = (last_run.assessment, assessment)
    checks_before, checks_now = ({c.id: c.about for c in v.checks} for v in both)
    same = sorted(checks_before.keys() & checks_now.keys())
    agents = [i for i, about in checks_now.items() if about == "agent"]
    _pair(engine, number - 1, number, same, agents)
    _follow_failures(engine, number)
    _find_changes(engine, [*(f.run.as_of for f in past_runs), in_utc(assessment.run.as_of)])
    engine.write_parquet(_CHANGES, (out or run) / CHANGES, "zstd")
    bases = [*(_basis_of(f.assessment) for f in past_runs), _basis_of(assessment)]
    lives = follow(engine, [*(f.assessment for f in past_runs), assessment])
    runs = tuple(_earlier_run(f, *two) for f, two in zip(past_runs, pairwise(bases), strict=True))
    history = History(
        runs=runs,
        flows=tuple(engine.rows(_FLOWS)),
        still=tuple(starmap(Failing, engine.rows(_STILL))),
        still_by_owner=tuple(engine.rows(_STILL_BY_OWNER)),
        changes=int(engine.one("SELECT count(*) FROM changes")),
        actors=tuple(
            ActorSeen(*r)
            for r in engine.rows(
                "SELECT actor, is_agent, NOT before FROM who WHERE before <> now ORDER BY ALL"
            )
        ),
        known_actors=tuple(engine.rows(_KNOWN_ACTORS)),
        checks_before=tuple(sorted(checks_before.keys() - checks_now.keys())),
        checks_now=tuple(sorted(checks_now.keys() - checks_before.keys())),
        results_before=int(engine.one(f"SELECT count(*) FROM run_{number - 1}")),
        results_now=int(engine.one(f"SELECT count(*) FROM run_{number}")),
        regrouped=lives.regrouped,
        movements=movements(*both, _pairs(engine, number)),
        closed=lives.ended,
        answered=tuple(_answered(engine, past_runs, assessment)),
        course=lives.course,
    )
    notices = (*assessment.notices, *_missing_agents(history), *_changed_types(engine))
    causes = tuple(map(lives.dated, assessment.causes))
    return replace(assessment, history=history, causes=causes, notices=notices)


def _pairs(engine: Engine, number: int) -> Iterator[Pair]:
    """Yield the results of the last two runs side by side, counted by what scores tell apart."""
    for check, *states, is_known, n in engine.rows(_STATES.format(before=number - 1, now=number)):
        then, now = (
            (Status(status), lo, hi) if status else None
            for status, lo, hi in (states[:3], states[3:])
        )
        yield Pair(check, then, now, is_known, n)


def _answered(
    engine: Engine, past_runs: Sequence[VerifiedRun], assessment: Assessment
) -> Iterator[Answered]:
    """Yield the findings that have a response and that only earlier runs have, with today's results
    of what failed in the last run that had them.
    """
    current = {c.id for c in assessment.causes}
    ids = {r.finding for r in assessment.responses} - current
    for number, past_run in reversed([*enumerate(past_runs)]):
        found = sorted(ids & {c.id for c in past_run.assessment.causes})
        ids -= {*found}
        for finding in found:
            rows = engine.rows(
                f"SELECT coalesce(b.status, '{GONE}'), count(*) FROM run_{number} AS a LEFT JOIN"
                f" run_{len(past_runs)} AS b USING (check_id, subject) WHERE a.cause = ? GROUP BY"
                " ALL ORDER BY ALL",
                [finding],
            )
            heirs = engine.rows(
                f"SELECT b.cause FROM run_{number} AS a JOIN run_{len(past_runs)} AS b USING"
                " (check_id, subject) WHERE a.cause = ? AND b.cause <> '' GROUP BY 1 ORDER BY"
                " count(*) DESC, 1 LIMIT 1",
                [finding],
            )
            now_in = heirs[0][0] if heirs else ""
            yield Answered(finding, past_run.run.as_of, tuple(rows), now_in)


def _missing_agents(history: History) -> Iterator[Notice]:
    """Warn when a tenth of the agents is gone: every number changes, and nothing is fixed."""
    agents = next((then for is_agent, then, _ in history.known_actors if is_agent), 0)
    departures = tuple(verbatim(x.id) for x in history.actors if x.is_agent and not x.is_new)
    if departures and GONE_SHARE * len(departures) >= agents:
        yield Notice(
            "agents_gone", (("n", len(departures)), ("all", agents)), departures, "changes.csv"
        )


def _changed_types(engine: Engine) -> Iterator[Notice]:
    """Name the actors that are still seen and are no longer assessed as agents. Another type in a
    list removes failures.
    """
    rows = engine.rows("SELECT actor FROM who WHERE relabelled AND now ORDER BY actor")
    if rows:
        lines = tuple(verbatim(actor) for (actor,) in rows)
        yield Notice("agents_relabelled", (("n", len(lines)),), lines, "changes.csv")


def load_results(engine: Engine, number: int, path: Path) -> None:
    """Make the table run_N of a run's results. Raises InputError where they cannot be read."""
    try:
        with named_plainly(path) as plain_path:
            source = parquet(plain_path)
            names = {name for name, _ in engine.columns(f"SELECT * FROM {source}")}
            missing_columns = [c for c in _REQUIRED if c not in names]
            if missing_columns:
                raise InputError(f"has no column {missing_columns[0]}", str(path))
            optional_columns = ", ".join(
                f"coalesce(CAST({c} AS VARCHAR), '') AS {c}" if c in names else f"'' AS {c}"
                for c in _OPTIONAL
            )
            engine.run(
                f'CREATE TABLE run_{number} AS SELECT "check" AS check_id, subject, status,'
                " tier_lo, tier_hi,"
                f" {optional_columns} FROM {source}"
            )
    except Error as error:
        raise InputError(f"cannot be read: {str(error).splitlines()[0]}", str(path)) from error
    statuses = quoted_list([s.value for s in Status])
    invalid_count = engine.one(
        f"SELECT count(*) FROM run_{number} WHERE NOT coalesce(list_contains({statuses}, status),"
        " FALSE) OR subject IS NULL OR check_id IS NULL"
    )
    if invalid_count:
        raise InputError(f"holds {invalid_count} rows that are no results", str(path))
    duplicates = engine.rows(
        f"SELECT check_id, subject FROM run_{number} GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL"
        " LIMIT 1"
    )
    if duplicates:
        raise InputError(
            f"holds two results of {duplicates[0][0]} on {duplicates[0][1]}", str(path)
        )


def _follow_ids(engine: Engine, is_purged: Sequence[bool]) -> None:
    """Let subjects and actors of earlier runs have the names of later ones, where a purge has
    replaced people in one of the two: what has the same lasting id is the same.
    """
    for k in reversed(range(len(is_purged))):
        for m in range(k + 1, len(is_purged)):
            if not is_purged[k] and not is_purged[m]:
                continue
            engine.run(
                "CREATE OR REPLACE TABLE same_ids AS SELECT DISTINCT a.subject AS old, b.subject AS"
                f" now, a.subject = a.actor AS is_actor FROM run_{k} AS a JOIN run_{m} AS b USING"
                " (check_id, id) WHERE id <> '' AND a.subject <> b.subject"
            )
            engine.run(f"UPDATE run_{k} SET subject = now FROM same_ids WHERE subject = old")
            engine.run(
                f"UPDATE run_{k} SET actor = now FROM same_ids WHERE is_actor AND actor = old"
            )


def _follow_names(engine: Engine, number: int, names: Sequence[tuple[str, str]]) -> None:
    """Let the actors of earlier runs have the name that they have now, where it was nobody's and
    only one of them has it.
    """
    if not names:
        return
    engine.run("CREATE TABLE renamed (alias VARCHAR, now VARCHAR)")
    engine.insert("renamed", names)
    for k in range(number):
        engine.run(
            f"DELETE FROM renamed WHERE now IN (SELECT subject FROM run_{k} WHERE subject = actor)"
            f" OR now IN (SELECT now FROM renamed WHERE alias IN (SELECT actor FROM run_{k}) GROUP"
            " BY now HAVING count(*) > 1)"
        )
    for k in range(number):
        engine.run(
            f"UPDATE run_{k} SET actor = r.now, subject = CASE WHEN subject = actor THEN r.now ELSE"
            f" subject END FROM renamed AS r WHERE run_{k}.actor = r.alias"
        )


def _refuse_unmarked(engine: Engine, earlier_runs: Sequence[VerifiedRun]) -> None:
    """Refuse pseudonyms in old runs, whose manifests do not record them."""
    for number, earlier in enumerate(earlier_runs):
        if not earlier.is_without_people and engine.one(
            f"SELECT count(*) FROM run_{number} WHERE regexp_matches(owner, {quoted(_PSEUDONYM)})"
        ):
            raise InputError(
                "has pseudonyms for people, and this run names them",
                str(earlier.folder),
                "Assess both with --pseudonymise and the same --key-file, or both without it.",
            )


def _pair(
    engine: Engine,
    number_before: int,
    number_now: int,
    common_checks: Sequence[str],
    agent_checks: Sequence[str],
) -> None:
    """Join the results of two runs for the checks that both have, and list the actors in them."""
    engine.run("CREATE TABLE common (check_id VARCHAR)")
    engine.insert("common", [(c,) for c in common_checks])
    engine.run("CREATE TABLE of_agents (check_id VARCHAR)")
    engine.insert("of_agents", [(c,) for c in agent_checks])
    for name, k in (("a", number_before), ("b", number_now)):
        engine.run(f"CREATE VIEW {name} AS SELECT * FROM run_{k} SEMI JOIN common USING (check_id)")
        engine.run(f"CREATE TABLE seen_{name} AS SELECT DISTINCT subject FROM {name}")
    engine.run(
        "CREATE TABLE pairs AS SELECT check_id, subject, coalesce(a.status, CASE WHEN sa.subject"
        f" IS NULL THEN '{GONE}' ELSE '{OUTSIDE}' END) AS before, coalesce(b.status, CASE WHEN"
        f" sb.subject IS NULL THEN '{GONE}' ELSE '{OUTSIDE}' END) AS now, coalesce(b.actor,"
        " a.actor) AS actor, coalesce(b.owner, a.owner) AS owner, coalesce(a.reason_code, '') AS"
        " reason_code_before, coalesce(a.reason_values, '') AS reason_values_before,"
        " coalesce(b.reason_code, '') AS reason_code, coalesce(b.reason_values, '') AS"
        " reason_values, coalesce(a.record, '') AS ref_before, coalesce(b.record, '') AS ref,"
        " coalesce(b.waived_until, '') AS waived FROM a FULL JOIN b USING (check_id, subject) LEFT"
        " JOIN seen_a AS sa USING (subject) LEFT JOIN seen_b AS sb USING (subject)"
    )
    engine.run(
        "CREATE TABLE who AS SELECT actor, bool_or(agent) AS is_agent, bool_or(was) AS before, NOT"
        " bool_and(was) AS now, bool_or(agent AND was AND status IN ('pass', 'declared', 'fail',"
        " 'compensated')) AND NOT bool_or(agent AND NOT was) AS relabelled FROM ("
        + " UNION ALL ".join(
            "SELECT actor, actor = subject AND check_id IN (SELECT check_id FROM of_agents) AS"
            f" agent, status, {was} AS was FROM {name} WHERE actor <> ''"
            for name, was in (("a", "TRUE"), ("b", "FALSE"))
        )
        + ") AS s GROUP BY actor"
    )


def _follow_failures(engine: Engine, number: int) -> None:
    """Record for each failing result the first run of its unbroken failure. `number` is the current
    run.
    """
    engine.run(
        f"CREATE TABLE since AS SELECT check_id, subject, {number} AS run FROM run_{number} WHERE"
        " status = 'fail'"
    )
    for earlier in reversed(range(number)):
        engine.run(
            f"UPDATE since SET run = {earlier} FROM run_{earlier} AS e WHERE since.run ="
            f" {earlier + 1} AND e.check_id = since.check_id AND e.subject = since.subject AND"
            " e.status = 'fail'"
        )


def _find_changes(engine: Engine, moments: Sequence[datetime]) -> None:
    """Make the table changes of what differs or still fails; `moments` are the as_of of all
    runs.
    """
    engine.run("CREATE TABLE moments (run BIGINT, moment TIMESTAMP)")
    engine.insert("moments", list(enumerate(moments)))
    engine.run(
        "CREATE TABLE changes AS SELECT p.*, m.moment AS failing_since FROM pairs AS p LEFT JOIN"
        " since AS s USING (check_id, subject) LEFT JOIN moments AS m USING (run) WHERE before <>"
        " now OR now = 'fail'"
    )


_CHANGES = (
    "SELECT check_id AS check, subject, actor, owner, before, now, reason_code_before,"
    " reason_values_before, reason_code, reason_values, ref_before AS record_before, ref AS record,"
    " failing_since, waived AS waived_until FROM changes ORDER BY check_id, subject"
)
_STATES = (
    "SELECT check_id, a.status, a.tier_lo, a.tier_hi, b.status, b.tier_lo, b.tier_hi, sa.subject IS"
    " NOT NULL AND sb.subject IS NOT NULL, count(*) FROM run_{before} AS a FULL JOIN run_{now} AS b"
    " USING (check_id, subject) LEFT JOIN seen_a AS sa USING (subject) LEFT JOIN seen_b AS sb USING"
    " (subject) GROUP BY ALL ORDER BY ALL"
)
_KNOWN_ACTORS = (
    "SELECT is_agent, count(*) FILTER (WHERE before), count(*) FILTER (WHERE now) FROM who GROUP BY"
    " 1 ORDER BY 1 DESC"
)
_FLOWS = "SELECT check_id, before, now, count(*) FROM pairs GROUP BY ALL ORDER BY ALL"

_STILL_BY_OWNER = (
    "SELECT owner, failing_since, count(*) FROM changes WHERE before = 'fail' AND now = 'fail'"
    " GROUP BY ALL ORDER BY ALL"
)
_STILL = (
    "SELECT failing_since, count(*), count(*) FILTER (waived <> '') FROM changes WHERE before ="
    " 'fail' AND now = 'fail' GROUP BY failing_since ORDER BY failing_since"
)


@dataclass(frozen=True, slots=True)
class _Basis:
    """The basis of a run beside its input."""

    hashes: Mapping[str, str]
    profile: str
    lists: tuple[tuple[str, str], ...]
    """Id and version of each framework."""
    rules: Mapping[str, str]
    """Check -> digest of its rule."""
    thresholds: Mapping[tuple[str, str], str]
    """(check, threshold) -> its value"""


def _basis_of(assessment: Assessment) -> _Basis:
    return _Basis(
        assessment.hashes,
        clean(assessment.profile.title),
        tuple((f.id, clean(f.version)) for f in assessment.frameworks),
        {clean(c.id): rule(c) for c in assessment.checks},
        {(clean(c.id), t.name): t.value for c in assessment.checks for t in thresholds(c)},
    )


def _earlier_run(earlier: VerifiedRun, basis_before: _Basis, basis_now: _Basis) -> EarlierRun:
    """List the differences between the bases of two runs."""
    differences = {
        key: words
        for key, words in _HASHES.items()
        if basis_before.hashes.get(key) != basis_now.hashes.get(key)
    }
    common_checks = [c for c in basis_before.rules if c in basis_now.rules]
    rules = tuple(c for c in common_checks if basis_before.rules[c] != basis_now.rules[c])
    if "content" in differences and common_checks:
        differences["content"] = _RULES if rules else _NO_RULE
    changed_thresholds = tuple(
        (*key, value, basis_now.thresholds[key])
        for key, value in basis_before.thresholds.items()
        if basis_now.thresholds.get(key, value) != value
    )
    if changed_thresholds:
        differences["thresholds"] = _THRESHOLDS
    elif common_checks and "content" in differences:
        differences.pop("thresholds", None)  # the changed ones belong to other checks
    if basis_before.profile != basis_now.profile:
        differences["profile"] = mark("the target profile ({then}, then {now})")
    if basis_before.lists != basis_now.lists:
        differences["lists"] = mark("the list of frameworks")
    profiles = (
        (basis_before.profile, basis_now.profile)
        if basis_before.profile != basis_now.profile
        else ()
    )
    return replace(
        earlier.run,
        unlike=tuple(differences.values()),
        profiles=profiles,
        thresholds=changed_thresholds,
        rules=rules,
    )
