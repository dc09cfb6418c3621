"""The checks of a bundle performed again, and what came out held against what was sealed. In: the
folder of a bundle, which nobody trusts. Out: what differs.

Everything of the bundle that is SQL or YAML is copied and read in a child process, whose engine
reaches the copy only.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reporter.engine import base
from reporter.engine.duckdb import DuckDB, parquet
from reporter.engine.sandbox import Child, Limits, Stopped
from reporter.errors import ReporterError
from reporter.model.assessment import Assessment
from reporter.model.scores import FrameworkScore
from reporter.pipeline.quarter import kept_input
from reporter.pipeline.reperformed import child
from reporter.pipeline.reperformed.report_data import (
    NOTICES_OF_CONTENT,
    NOTICES_OF_EARLIER,
    OF_EARLIER,
    OF_LEVEL,
    Unseen,
    differing,
    differing_manifest,
)
from reporter.pipeline.reperformed.run_tables import (
    IN_A_LANGUAGE,
    differing_csv,
    differing_tables,
)
from reporter.pipeline.reperformed.run_tables import OF_EARLIER as TABLES_OF_EARLIER
from reporter.pipeline.reperformed.sql_script import Statement
from reporter.pipeline.sealed.manifest import CONTENT, RUN
from reporter.pipeline.sealed.names import files_of
from reporter.runs.run_manifest import read_manifest, reports_of
from reporter.runs.store import DATA, RESULT, RESULTS, read_data
from reporter.schema.compiled import FILE as COMPILED
from reporter.system.folders import content_dir
from reporter.system.hashes import sha256
from reporter.system.options import in_bytes

_SHIPPED = (child.FRAMEWORKS, child.SOURCES)
_SHAPING = tuple(f"{child.FRAMEWORKS}/{name}" for name in ("models/", "absence.yml"))
"""What shapes a compiled check beside its own text."""
_NAMED = ("inputs", "content", "policy", "workspace", "thresholds", "mappings")
_VERSIONS = ("reporter", "engine")
_PACK = "pack "
"""What the names of the hashes of packs begin with: in a bundle they are content as any."""
_MEMORY = 3 << 30
"""Address space of the child beside the memory of its engine."""


@dataclass(frozen=True, slots=True)
class Again:
    """What came out when the checks were performed again."""

    made: Path | None = None
    """The run that was made; of the files of its folder the results and their data count."""
    why_not: str = ""
    count: int = 0
    scores: int = 0
    differences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be held against each other, and why."""
    unseen: tuple[str, ...] = ()
    """What of the run was not looked at, and why."""
    foreign: tuple[str, ...] = ()
    """Files of content that are not those of this program."""
    statements: tuple[Statement, ...] = ()
    sealed_with: str = ""
    """The versions of the sealed run, where others perform it here."""


def perform_again(
    bundle: Path,
    place: Path,
    memory: str,
    seconds: float,
    earlier: Sequence[Path] = (),
    is_recorded: bool = False,
) -> Again:
    """Perform the checks of a bundle in a child that works in `place`, an empty folder; `earlier`
    are the runs that it was compared with.
    """
    tables = bundle / RUN / kept_input.FOLDER
    try:
        kept_input.refuse_missing(tables)
        earlier, why_not_followed = followed(bundle / RUN, earlier)
    except ReporterError as error:
        return Again(why_not=f"{error.message}. {error.hint}")
    foreign = tuple(_foreign(bundle / CONTENT))
    _lay(bundle, tables, place, earlier)
    if not any(line.startswith(_SHAPING) for line in foreign):
        # Ours, and it says of each check for what text it was compiled.
        shutil.copyfile(content_dir()[0] / COMPILED, place / child.FRAMEWORKS / COMPILED)
    arguments: dict[str, Any] = {"memory": memory, "is_recorded": is_recorded}
    try:
        with Child(Limits(_MEMORY + in_bytes(memory), seconds)) as process:
            process.call(child.perform, folder=str(place), seconds=seconds, **arguments)
    except Stopped as error:
        return Again(why_not=f"it {error}")
    except (ReporterError, OSError) as error:
        return Again(why_not=_short(error, place))
    made = place / child.MADE
    recorded = place / child.STATEMENTS
    statements = json.loads(recorded.read_bytes()) if is_recorded else []
    again = _held_against(bundle, made, place, memory, why_not_followed, statements)
    if not earlier and again.notes:
        again = replace(again, notes=(*again.notes, _PARENT))
    return replace(again, foreign=foreign)


_PARENT = "a level depends on the earlier run: --parent gives it"


def followed(sealed: Path, earlier: Sequence[Path]) -> tuple[tuple[Path, ...], str]:
    """Return those of earlier runs that the sealed one was compared with, in their order, and why
    its history cannot come out the same. Without the last of them it is none.

    Raises ReporterError where one of them is no run.
    """
    runs = read_data(sealed).history.runs
    if not runs:
        return (), ""
    if not earlier:
        several = f"the {len(runs)} runs before were" if len(runs) > 1 else "the run before was"
        return (), f"{several} not given: --parent"
    by_report = {r: run for run in earlier for r in reports_of(read_manifest(run), DATA)}
    if runs[-1].report_sha256 not in by_report:
        return (), "the run given is not the one before"
    given = [by_report[r.report_sha256] for r in runs if r.report_sha256 in by_report]
    if missing := [f"{r.as_of:%Y-%m-%d}" for r in runs if r.report_sha256 not in by_report]:
        days = ", ".join(missing)
        return (given[-1],), f"of {len(runs)} runs before, those as of {days} were not given"
    purged = [
        r for r, run in zip(runs, given, strict=True) if r.report_sha256 != sha256(run / DATA)
    ]
    if purged:
        days = ", ".join(f"{r.as_of:%Y-%m-%d}" for r in purged)
        which = f"runs before, as of {days}, were" if len(runs) > 1 else "run before was"
        return tuple(given), f"the {which} purged since"
    return tuple(given), ""


def _short(error: Exception, place: Path) -> str:
    return str(error).splitlines()[0].replace(f"{place}/", "")


def _lay(bundle: Path, tables: Path, place: Path, earlier: Sequence[Path]) -> None:
    """Copy what the child works on: it may change the copy and nothing else."""
    sources = [(tables, child.TABLES)]
    sources += [(bundle / CONTENT / n, n) for n in (*_SHIPPED, child.EXTRA)]
    sources += [(run, f"{child.EARLIER}/{n:04}") for n, run in enumerate(earlier)]
    for source, name in sources:
        if source.is_dir():
            shutil.copytree(source, place / name, copy_function=shutil.copyfile)


def _held_against(
    bundle: Path,
    made: Path,
    place: Path,
    memory: str,
    why_not_followed: str,
    statements: list[Any],
) -> Again:
    sealed, work = bundle / RUN, place / "compare"
    is_followed = not why_not_followed
    try:
        before, now = read_data(sealed), read_data(made)
        differences = [*_results(sealed, made, work, memory)]
        lines, notes = hold_fields(before, now, sealed, made, why_not_followed, _has_extra(bundle))
        tables = [*differing_tables(sealed, made, work, memory, is_followed)]
    except ReporterError as error:
        return Again(why_not=_short(error, place))
    except base.Error as error:
        first_line = str(error).splitlines()[0]
        return Again(why_not=f"the results cannot be compared: {first_line}")
    told = [before.hashes.get(name, "") for name in _VERSIONS]
    is_other = told != [now.hashes[name] for name in _VERSIONS]
    csv = {*differing_csv(sealed, made, is_followed)}
    words = {name for name in csv if name.removesuffix(".gz") in IN_A_LANGUAGE}
    why = "they are not in English, or changed"
    if is_other:
        why, words = "another version wrote them", csv
    elif _may_be_lifted(before, why_not_followed):
        why, words = "they may follow from the run before", csv
    tables += [f"{name}: is not what came out" for name in sorted(csv - words)]
    unseen = [*_unseen(why_not_followed, _has_extra(bundle))]
    unseen += [f"{', '.join(sorted(words))}: {why}"] if words else []
    texts = tuple((sql, tuple(params)) for sql, params in statements)
    return Again(
        made,
        count=now.results,
        scores=len(_totals(now)) + len(now.scores.checks) + len(now.scores.levels()),
        differences=(*differences, *lines, *tables),
        notes=tuple(notes),
        unseen=tuple(unseen),
        statements=texts,
        sealed_with=f"reporter {', '.join(told)}" if is_other else "",
    )


def _has_extra(bundle: Path) -> bool:
    return (bundle / CONTENT / child.EXTRA).is_dir()


def hold_fields(
    before: Assessment,
    now: Assessment,
    sealed: Path,
    made: Path,
    why_not_followed: str,
    has_extra: bool,
) -> tuple[list[str], list[str]]:
    """Return what differs in the data of two runs, and what may differ as the run before is not
    known.
    """
    unseen = Unseen(
        OF_EARLIER if why_not_followed else (),
        (
            *(NOTICES_OF_EARLIER if why_not_followed else ()),
            *(NOTICES_OF_CONTENT if has_extra else ()),
        ),
    )
    is_open = _may_be_lifted(before, why_not_followed)
    differences: list[str] = []
    notes: list[str] = []
    scores = [*_scores(before, now)]
    for line in scores:
        (notes if is_open and line.startswith("level") else differences).append(line)
    differences += _hashes(before, now)
    differences += differing_manifest(sealed, made, not why_not_followed)
    for name, line in differing(sealed, made, unseen):
        if name != "scores" or not scores:  # said above, one by one
            (notes if is_open and name in OF_LEVEL else differences).append(line)
    return differences, notes


def _may_be_lifted(before: Assessment, why_not_followed: str) -> bool:
    """Tell whether the run before, which is not known here, may have lifted a level."""
    return bool(why_not_followed) and not before.earlier.why


def _unseen(why_not_followed: str, has_extra: bool) -> Iterator[str]:
    if why_not_followed:
        names = ", ".join((*OF_EARLIER, *NOTICES_OF_EARLIER, *TABLES_OF_EARLIER))
        yield f"{names}: {why_not_followed}"
    if has_extra:
        yield f"notices {', '.join(NOTICES_OF_CONTENT)}: in a bundle all content is alike"


def _results(sealed: Path, made: Path, work: Path, memory: str) -> Iterator[str]:
    """Yield each result that differs, with its subject and both statuses."""
    columns = ", ".join(f'"{c}"' for c in RESULT)
    names = ", ".join(
        f'CASE WHEN g."{c}" IS DISTINCT FROM n."{c}" THEN \'{c}\' END' for c in RESULT
    )
    with DuckDB(work, memory) as engine:
        for table, run in (("sealed", sealed), ("made", made)):
            engine.run(f"CREATE VIEW {table} AS SELECT {columns} FROM {parquet(run / RESULTS)}")
        engine.confine(work, [sealed / RESULTS, made / RESULTS])
        rows = engine.rows(
            "WITH gone AS (SELECT * FROM sealed EXCEPT ALL SELECT * FROM made), new AS (SELECT *"
            " FROM made EXCEPT ALL SELECT * FROM sealed) SELECT coalesce(g.check, n.check),"
            " coalesce(g.subject, n.subject), g.status, n.status, array_to_string(list_filter("
            f"[{names}], lambda x: x IS NOT NULL), ', ') FROM gone AS g FULL JOIN new AS n ON"
            " g.check = n.check AND g.subject = n.subject ORDER BY ALL LIMIT 100000"
        )
    for check, subject, before, now, others in rows:
        yield f"{check} {subject}: {_change(before, now, others)}"


def _change(before: str | None, now: str | None, columns: str) -> str:
    if now is None:
        return f"{before} was sealed, and there is no such result"
    if before is None:
        return f"there is no such result in the bundle, and {now} came out"
    if before != now:
        return f"{before} was sealed, and {now} came out"
    return f"{now} as it was sealed, with another {columns}"


def _totals(assessment: Assessment) -> dict[str, FrameworkScore]:
    scores = assessment.scores
    return {s.framework: s for s in (scores.enterprise, *scores.frameworks)}


def _scores(before: Assessment, now: Assessment) -> Iterator[str]:
    sealed, made = _totals(before), _totals(now)
    for name in sorted({*sealed, *made}):
        if sealed.get(name) != made.get(name):
            yield f"score of {name}: is not the one that was sealed"
    for check in sorted({*before.scores.checks, *now.scores.checks}):
        if before.scores.checks.get(check) != now.scores.checks.get(check):
            yield f"score of check {check}: is not the one that was sealed"
    levels, levels_now = before.scores.levels(), now.scores.levels()
    for name in sorted({*levels, *levels_now}):
        if levels.get(name) != levels_now.get(name):
            yield f"level of {name}: is not the one that was sealed"


def _hashes(before: Assessment, now: Assessment) -> Iterator[str]:
    for name in _NAMED:
        told, found = before.hashes.get(name), now.hashes.get(name)
        if told != found:
            yield f"hash of {name}: the run says {told}, and it is {found}"
    hashes = dict(before.hashes)
    for name in sorted({*hashes} ^ {*now.hashes}):
        if not name.startswith(_PACK) and name not in _NAMED:
            yield f"hash of {name}: only one of the run and what came out has it"
    evidence_id = hashes.pop("evidence_id", "")
    if evidence_id != hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest():
        yield "hash of evidence_id: is not that of the other hashes"


def _foreign(content: Path) -> Iterator[str]:
    """Yield the files of content that differ from those of this program, or that one of the two
    lacks.
    """
    ours = dict(zip(_SHIPPED, content_dir(), strict=True))
    names = files_of(content) if content.is_dir() else {}
    for name in names:
        kind, _, file = name.partition("/")
        own = ours[kind] / file if kind in ours else None
        if own is None or not own.is_file():
            yield f"{name}: is not of this program"
        elif own.read_bytes() != (content / name).read_bytes():
            yield f"{name}: differs from that of this program"
    for kind, folder in ours.items():
        for file in content_files(folder):
            if f"{kind}/{file}" not in names:
                yield f"{kind}/{file}: is missing, and this program has it"


def content_files(folder: Path) -> list[str]:
    """Return what decides results in a folder of content: not what is made of it, nor what a system
    leaves behind.
    """
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".yml", ".sql", ".txt") and path.is_file()
    ]
