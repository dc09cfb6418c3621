"""Earlier runs beside this one. In: run folders, an assessment, its evidence. Out: what changed, as
plain data.

A run is believed if its manifest agrees with itself and with report.json and results.parquet; no
other file is read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise, starmap
from pathlib import Path
from typing import Any

from reporter.engine.base import Engine, Error, quoted, quoted_list
from reporter.engine.duckdb import named_plainly, parquet
from reporter.errors import InputError
from reporter.i18n.translate import mark
from reporter.model.assessment import Assessment, Notice, RunInfo
from reporter.model.comparison import Cause
from reporter.model.history import (
    GONE,
    JOINED,
    OUTSIDE,
    RENAMED,
    SPLIT,
    ActorSeen,
    EarlierRun,
    Failing,
    History,
    Regrouped,
    Standing,
)
from reporter.model.scores import ControlScore, GroupScore, Status
from reporter.model.sentences import verbatim
from reporter.report.view.format import clean
from reporter.report.view.thresholds import rule, thresholds
from reporter.runs.store import (
    CHANGES,
    DATA,
    MANIFEST,
    RESULTS,
    Results,
    check_results,
    read_data,
    sha256,
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
"""Of the agents of the last run one in so many has to be gone for the first page to say so."""
_PSEUDONYM = "^person-[0-9a-f]{12}$"
_NEEDED = ("check", "subject", "status")
_WELCOME = ("reason_code", "reason_values", "record", "actor", "owner", "waived_until", "cause")


@dataclass(frozen=True, slots=True)
class Found:
    """An earlier run that was verified."""

    folder: Path
    held: Assessment
    run: EarlierRun
    hashes: Mapping[str, str]
    pseudonyms: str
    """What tells keys of pseudonyms apart; '' where people are named."""


def read_earlier(folders: Sequence[Path], now: RunInfo, pseudonyms: str) -> tuple[Found, ...]:
    """Read and verify the runs of folders (each a run, or a folder of runs), by as_of; refuse what
    cannot be compared.

    Raises InputError where a folder is no run, was changed, or is of another organisation or kind.
    """
    found: list[Found] = []
    for folder in dict.fromkeys(run.resolve() for given in folders for run in _runs_in(given)):
        one = _read(folder)
        _refuse_other(one, now, pseudonyms)
        found.append(one)
    found.sort(key=lambda f: f.run.as_of)
    for one, other in pairwise(found):
        if one.run.as_of == other.run.as_of:
            raise InputError(
                f"has the same as_of as {one.folder}: {one.run.as_of.isoformat()}",
                str(other.folder),
                "Name one run for each moment.",
            )
    return tuple(found)


def _runs_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError("no such folder", str(folder), "--earlier takes a run folder.")
    if (folder / MANIFEST).is_file() or (folder / DATA).is_file():
        return [folder]
    runs = sorted(
        p.parent for p in folder.glob(f"*/{MANIFEST}") if not p.parent.name.startswith(".")
    )
    if not runs:
        raise InputError(
            f"no {MANIFEST} in it or in a folder of it",
            str(folder),
            "--earlier takes a run folder, or a folder of them.",
        )
    return runs


def _read(folder: Path) -> Found:
    manifest = _manifest(folder)
    written = {}
    for name in (DATA, RESULTS):
        path = folder / name
        if not path.is_file():
            raise InputError("is missing, and an earlier run is compared by it", str(path))
        written[name] = sha256(path)
        if manifest["outputs"].get(name, {}).get("sha256") != written[name]:
            raise InputError(
                f"is not the file that {MANIFEST} names: its hash differs",
                str(path),
                "Compare with the run as it was left, or assess that period again.",
            )
    held = read_data(folder)
    check_results(Results(folder, held.checks), held)
    as_of = _time(manifest["as_of"])
    hashes = {str(k): str(v) for k, v in manifest["hashes"].items()}
    said = (held.hashes, _utc(held.run.as_of), held.run.organisation)
    if said != (hashes, as_of, manifest["organisation"]):
        raise InputError(f"does not belong to the {DATA} beside it", str(folder / MANIFEST))
    start, end = (_time(at) for at in manifest["period"])
    run = EarlierRun(as_of, start, end, hashes["evidence_id"], written[DATA], _standings(held), ())
    return Found(folder, held, run, hashes, str(manifest.get("pseudonyms", "")))


def _manifest(folder: Path) -> dict[str, Any]:
    """Read a manifest and hold its evidence id against the hashes that it is made of."""
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError("is missing, so the run cannot be verified", str(path))
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
        hashes, _ = dict(manifest["hashes"]), dict(manifest["outputs"])
        _ = (manifest["organisation"], _time(manifest["as_of"]), *map(_time, manifest["period"]))
        identity = hashes.pop("evidence_id")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"is no manifest of a run: {error!r}", str(path)) from error
    text = json.dumps(hashes, sort_keys=True)
    if hashlib.sha256(text.encode()).hexdigest() != identity:
        raise InputError("its evidence_id does not follow from its hashes", str(path))
    return manifest


def _time(text: Any) -> datetime:
    return _utc(datetime.fromisoformat(text))


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def _refuse_other(one: Found, now: RunInfo, pseudonyms: str) -> None:
    """Raise InputError where a run is of somebody else, not earlier, or hides people otherwise."""
    whose = (clean(one.held.run.organisation), clean(one.held.run.unit))
    ours = (clean(now.organisation), clean(now.unit))
    if whose != ours:
        theirs, mine = (
            " · ".join(filter(None, names)) or "nobody named" for names in (whose, ours)
        )
        raise InputError(
            f"is a run of {theirs}, not of {mine}",
            str(one.folder),
            "Only runs of the same organisation and unit are compared.",
        )
    if one.run.as_of >= _utc(now.as_of):
        raise InputError(
            f"is not earlier: its as_of is {one.run.as_of.isoformat()}, that of this run"
            f" {now.as_of.isoformat()}",
            str(one.folder),
            "Name earlier runs one by one, or give this run's reporter.yml a later as_of.",
        )
    if one.pseudonyms != pseudonyms:
        raise InputError(
            "its people have other pseudonyms than those of this run, or only one of the two"
            " has any",
            str(one.folder),
            "Assess both with --pseudonymise and the same --key-file, or both without it.",
        )


def _standings(assessment: Assessment) -> tuple[Standing, ...]:
    rows: list[tuple[str, str, GroupScore | ControlScore, bool]] = []
    for kind, view in (
        ("enterprise", assessment.scores.enterprise),
        *(("framework", f) for f in assessment.scores.frameworks),
    ):
        rows.append(
            (
                kind,
                "" if kind == "enterprise" else view.framework,
                view.total,
                view.total.assessed > 0,
            )
        )
    rows += [
        ("theme", c.id, c, c.state == "assessed") for c in assessment.scores.enterprise.controls
    ]
    return tuple(
        Standing(
            kind, key, x.lo, x.hi, x.level_lo if known else 0, x.level_hi if known else 0, known
        )
        for kind, key, x, known in rows
    )


def compare(
    engine: Engine,
    found: Sequence[Found],
    assessment: Assessment,
    run: Path,
    out: Path | None = None,
) -> Assessment:
    """Put beside an assessment, whose verdicts stand in a run folder, what earlier runs say.

    Leaves changes.parquet there, or in another folder.
    """
    for n, path in enumerate([*(f.folder / RESULTS for f in found), run / RESULTS]):
        _load(engine, n, path)
    if not assessment.pseudonyms:
        _refuse_unmarked(engine, found)
    last, n = found[-1], len(found)
    before, now = ({c.id: c.about for c in v.checks} for v in (last.held, assessment))
    _pair(
        engine,
        n - 1,
        n,
        sorted(before.keys() & now.keys()),
        [i for i, about in now.items() if about == "agent"],
    )
    _follow_failures(engine, n)
    _find_changes(engine, [*(f.run.as_of for f in found), _utc(assessment.run.as_of)])
    engine.write_parquet(_CHANGES, (out or run) / CHANGES, "zstd")
    bases = [*(_basis_of(f.held) for f in found), _basis_of(assessment)]
    runs = tuple(_beside(f, *two) for f, two in zip(found, pairwise(bases), strict=True))
    history = History(
        runs=runs,
        flows=tuple(
            engine.rows(
                "SELECT check_id, before, now, count(*) FROM pairs GROUP BY ALL ORDER BY ALL"
            )
        ),
        still=tuple(starmap(Failing, engine.rows(_STILL))),
        changes=int(engine.one("SELECT count(*) FROM changes")),
        actors=tuple(
            ActorSeen(*r)
            for r in engine.rows(
                "SELECT actor, is_agent, NOT before FROM who WHERE before <> now ORDER BY ALL"
            )
        ),
        known_actors=tuple(
            engine.rows(
                "SELECT is_agent, count(*) FILTER (WHERE before), count(*) FILTER (WHERE now) FROM"
                " who GROUP BY 1 ORDER BY 1 DESC"
            )
        ),
        checks_before=tuple(sorted(before.keys() - now.keys())),
        checks_now=tuple(sorted(now.keys() - before.keys())),
        results_before=int(engine.one(f"SELECT count(*) FROM run_{n - 1}")),
        results_now=int(engine.one(f"SELECT count(*) FROM run_{n}")),
        regrouped=tuple(_regrouped(engine, n, assessment.causes)),
    )
    return replace(
        assessment,
        history=history,
        notices=(*assessment.notices, *_shrunk(history), *_relabelled(engine)),
    )


def _regrouped(engine: Engine, n: int, now: Iterable[Cause]) -> Iterator[Regrouped]:
    """Say which causes of run N hold failures that belonged to others in the run before; those that
    fail anew belonged to none.
    """
    came: dict[str, list[str]] = defaultdict(list)
    went: Counter[str] = Counter()
    for was, cause in engine.rows(
        f"SELECT DISTINCT a.cause, b.cause FROM run_{n - 1} AS a JOIN run_{n} AS b USING (check_id,"
        " subject) WHERE a.cause <> '' AND b.cause <> '' ORDER BY ALL"
    ):
        came[cause].append(was)
        went[was] += 1
    for cause in now:
        of = came[cause.id]
        if of and of != [cause.id]:
            how = JOINED if len(of) > 1 else SPLIT if went[of[0]] > 1 else RENAMED
            yield Regrouped(cause.id, how, tuple(of))


def _shrunk(h: History) -> Iterator[Notice]:
    """A tenth of the agents gone changes every number without anything being mended."""
    agents = next((then for is_agent, then, _ in h.known_actors if is_agent), 0)
    gone = tuple(verbatim(x.id) for x in h.actors if x.is_agent and not x.is_new)
    if gone and GONE_SHARE * len(gone) >= agents:
        yield Notice("agents_gone", (("n", len(gone)), ("all", agents)), gone, "changes.csv")


def _relabelled(engine: Engine) -> Iterator[Notice]:
    """Name whoever is still seen, was assessed as an agent and is assessed as none: another type in
    a list takes failures away.
    """
    rows = engine.rows("SELECT actor FROM who WHERE relabelled AND now ORDER BY actor")
    if rows:
        lines = tuple(verbatim(actor) for (actor,) in rows)
        yield Notice("agents_relabelled", (("n", len(lines)),), lines, "changes.csv")


def _load(engine: Engine, n: int, path: Path) -> None:
    """Make the table run_N of a run's results."""
    try:
        with named_plainly(path) as plain:
            read = parquet(plain)
            names = {name for name, _ in engine.columns(f"SELECT * FROM {read}")}
            missing = [c for c in _NEEDED if c not in names]
            if missing:
                raise InputError(f"has no column {missing[0]}", str(path))
            welcome = ", ".join(
                f"coalesce(CAST({c} AS VARCHAR), '') AS {c}" if c in names else f"'' AS {c}"
                for c in _WELCOME
            )
            engine.run(
                f'CREATE TABLE run_{n} AS SELECT "check" AS check_id, subject, status AS verdict,'
                f" {welcome} FROM {read}"
            )
    except Error as error:
        raise InputError(f"cannot be read: {str(error).splitlines()[0]}", str(path)) from error
    words = quoted_list([s.value for s in Status])
    odd = engine.one(
        f"SELECT count(*) FROM run_{n} WHERE NOT coalesce(list_contains({words}, verdict), FALSE)"
        " OR subject IS NULL OR check_id IS NULL"
    )
    if odd:
        raise InputError(f"holds {odd} rows that are no verdicts", str(path))
    twice = engine.rows(
        f"SELECT check_id, subject FROM run_{n} GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL"
        " LIMIT 1"
    )
    if twice:
        raise InputError(f"holds two verdicts of {twice[0][0]} on {twice[0][1]}", str(path))


def _refuse_unmarked(engine: Engine, found: Sequence[Found]) -> None:
    """A run of before manifests told it may have pseudonyms all the same."""
    for n, one in enumerate(found):
        if engine.one(
            f"SELECT count(*) FROM run_{n} WHERE regexp_matches(owner, {quoted(_PSEUDONYM)})"
        ):
            raise InputError(
                "has pseudonyms for people, and this run names them",
                str(one.folder),
                "Assess both with --pseudonymise and the same --key-file, or both without it.",
            )


def _pair(engine: Engine, n: int, m: int, common: Sequence[str], of_agents: Sequence[str]) -> None:
    """Lay the verdicts of two runs side by side, for the checks of both, and the actors that they
    are on.
    """
    engine.run("CREATE TABLE common (check_id VARCHAR)")
    engine.insert("common", [(c,) for c in common])
    engine.run("CREATE TABLE of_agents (check_id VARCHAR)")
    engine.insert("of_agents", [(c,) for c in of_agents])
    for name, k in (("a", n), ("b", m)):
        engine.run(f"CREATE VIEW {name} AS SELECT * FROM run_{k} SEMI JOIN common USING (check_id)")
        engine.run(f"CREATE TABLE seen_{name} AS SELECT DISTINCT subject FROM {name}")
    engine.run(
        "CREATE TABLE pairs AS SELECT check_id, subject, coalesce(a.verdict, CASE WHEN sa.subject"
        f" IS NULL THEN '{GONE}' ELSE '{OUTSIDE}' END) AS before, coalesce(b.verdict, CASE WHEN"
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
        " bool_and(was) AS now, bool_or(agent AND was AND verdict IN ('pass', 'fail',"
        " 'compensated')) AND NOT bool_or(agent AND NOT was) AS relabelled FROM ("
        + " UNION ALL ".join(
            "SELECT actor, actor = subject AND check_id IN (SELECT check_id FROM of_agents) AS"
            f" agent, verdict, {was} AS was FROM {name} WHERE actor <> ''"
            for name, was in (("a", "TRUE"), ("b", "FALSE"))
        )
        + ") AS s GROUP BY actor"
    )


def _follow_failures(engine: Engine, n: int) -> None:
    """Note for each result that fails now the first run since which it fails in every one: N is
    this run.
    """
    engine.run(
        f"CREATE TABLE since AS SELECT check_id, subject, {n} AS run FROM run_{n} WHERE verdict ="
        " 'fail'"
    )
    for k in reversed(range(n)):
        engine.run(
            f"UPDATE since SET run = {k} FROM run_{k} AS e WHERE since.run = {k + 1} AND e.check_id"
            " = since.check_id AND e.subject = since.subject AND e.verdict = 'fail'"
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
_STILL = (
    "SELECT failing_since, count(*), count(*) FILTER (waived <> '') FROM changes WHERE before ="
    " 'fail' AND now = 'fail' GROUP BY failing_since ORDER BY failing_since"
)


@dataclass(frozen=True, slots=True)
class _Basis:
    """What a run rests on beside its input."""

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


def _beside(one: Found, then: _Basis, now: _Basis) -> EarlierRun:
    """Note what two runs rest on that differs."""
    said = {
        key: words for key, words in _HASHES.items() if then.hashes.get(key) != now.hashes.get(key)
    }
    both = [c for c in then.rules if c in now.rules]
    rules = tuple(c for c in both if then.rules[c] != now.rules[c])
    if "content" in said and both:
        said["content"] = _RULES if rules else _NO_RULE
    changed = tuple(
        (*key, value, now.thresholds[key])
        for key, value in then.thresholds.items()
        if now.thresholds.get(key, value) != value
    )
    if changed:
        said["thresholds"] = _THRESHOLDS
    elif both and "content" in said:
        said.pop("thresholds", None)  # they are of other checks, which is said
    if then.profile != now.profile:
        said["profile"] = mark("the target profile ({then}, then {now})")
    if then.lists != now.lists:
        said["lists"] = mark("the list of frameworks")
    profiles = (then.profile, now.profile) if then.profile != now.profile else ()
    return replace(
        one.run, unlike=tuple(said.values()), profiles=profiles, thresholds=changed, rules=rules
    )
