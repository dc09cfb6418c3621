"""The checks of a bundle performed again, and what came out held against what was sealed. In: the
folder of a bundle, which nobody trusts. Out: what differs.

Everything of the bundle that is SQL or YAML is copied and read in a child process, whose engine
reaches the copy only.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from reporter.engine import base
from reporter.engine.duckdb import DuckDB, parquet
from reporter.engine.sandbox import Child, Limits, Stopped
from reporter.errors import ReporterError
from reporter.model.assessment import Assessment
from reporter.model.scores import FrameworkScore
from reporter.pipeline.quarter import kept_input
from reporter.pipeline.reperformed import child
from reporter.pipeline.reperformed.sql_script import Statement
from reporter.pipeline.sealed.manifest import CONTENT, RUN
from reporter.pipeline.sealed.names import files_of
from reporter.runs.store import RESULT, RESULTS, read_data
from reporter.schema.compiled import FILE as COMPILED
from reporter.system.folders import content_dir
from reporter.system.options import in_bytes

_SHIPPED = (child.FRAMEWORKS, child.SOURCES)
_SHAPING = tuple(f"{child.FRAMEWORKS}/{name}" for name in ("models/", "absence.yml"))
"""What shapes a compiled check beside its own text."""
_ALIKE = (
    *("run", "frameworks", "checks", "themes", "policy", "profile", "results", "files"),
    *("out_of_scope_types", "quarantined", "population", "attestations", "waivers"),
    *("compensations", "honoured", "waived", "evidence", "slices"),
)
"""Fields of report.json that follow from the tables and the content alone."""
_HASHES = ("inputs", "content", "policy", "workspace", "thresholds", "mappings")
_VERSIONS = ("reporter", "engine")
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
    earlier: Path | None = None,
    is_recorded: bool = False,
) -> Again:
    """Perform the checks of a bundle in a child that works in `place`, an empty folder; `earlier`
    is the run that it was held against.
    """
    tables = bundle / RUN / kept_input.FOLDER
    try:
        kept_input.refuse_missing(tables)
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
    again = _held_against(bundle, made, place, memory, earlier, statements)
    return replace(again, foreign=foreign)


def _short(error: Exception, place: Path) -> str:
    return str(error).splitlines()[0].replace(f"{place}/", "")


def _lay(bundle: Path, tables: Path, place: Path, earlier: Path | None) -> None:
    """Copy what the child works on: it may change the copy and nothing else."""
    sources = [(tables, child.TABLES)]
    sources += [(bundle / CONTENT / n, n) for n in (*_SHIPPED, child.EXTRA)]
    sources += [(earlier, child.EARLIER)] if earlier else []
    for source, name in sources:
        if source.is_dir():
            shutil.copytree(source, place / name, copy_function=shutil.copyfile)


def _held_against(
    bundle: Path,
    made: Path,
    place: Path,
    memory: str,
    earlier: Path | None,
    statements: list[Any],
) -> Again:
    sealed = bundle / RUN
    try:
        before, now = read_data(sealed), read_data(made)
        differences = [*_results(sealed, made, place / "compare", memory)]
    except ReporterError as error:
        return Again(why_not=_short(error, place))
    except base.Error as error:
        first_line = str(error).splitlines()[0]
        return Again(why_not=f"the results cannot be compared: {first_line}")
    notes: list[str] = []
    for line in _scores(before, now):
        is_open = before.history.runs and not earlier and line.startswith("level")
        (notes if is_open else differences).append(line)
    differences += _others(before, now)
    if notes:
        notes.append("a level depends on the earlier run: --parent gives it")
    scores = len(_totals(now)) + len(now.scores.checks) + len(now.scores.levels())
    texts = tuple((sql, tuple(params)) for sql, params in statements)
    told = [before.hashes.get(name, "") for name in _VERSIONS]
    is_other = told != [now.hashes[name] for name in _VERSIONS]
    return Again(
        made,
        count=now.results,
        scores=scores,
        differences=tuple(differences),
        notes=tuple(notes),
        statements=texts,
        sealed_with=f"reporter {', '.join(told)}" if is_other else "",
    )


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


def _others(before: Assessment, now: Assessment) -> Iterator[str]:
    for name in _HASHES:
        told, found = before.hashes.get(name), now.hashes.get(name)
        if told != found:
            yield f"hash of {name}: the run says {told}, and it is {found}"
    for name in _ALIKE:
        sealed, made = getattr(before, name), getattr(now, name)
        if sealed != made and _without_places(sealed) != _without_places(made):
            yield f"{name} in report.json: is not what came out"


def _without_places(value: Any) -> Any:
    """Return values as plain data without where a file of content was: it is elsewhere in a
    bundle.
    """

    def plain(item: Any) -> Any:
        if isinstance(item, dict):
            return {k: plain(v) for k, v in item.items() if k != "place"}
        return [plain(v) for v in item] if isinstance(item, list | tuple) else item

    return plain(msgspec.to_builtins(value, enc_hook=str))


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
