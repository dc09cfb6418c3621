"""Who may be named in a stored run. In: its kept tables, its workspace or a list of names. Out: all
people, each with a pseudonym.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from reporter.content import loader
from reporter.content.mapping import with_mappings
from reporter.content.workspace import Workspace, read_workspace
from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError
from reporter.ingest.cache import open_cache
from reporter.ingest.load import ingest
from reporter.ingest.readers.inputs import Inputs
from reporter.model.assessment import Assessment
from reporter.pipeline.quarter import kept_input
from reporter.privacy.pseudonyms import People, known_people, words_of
from reporter.runs.store import Results
from reporter.transform.derive import derive
from reporter.transform.log_coverage import Expected


def people_of(
    engine: DuckDB,
    assessment: Assessment,
    run: Path,
    key: str,
    workspace: Path | None,
    names: Iterable[str],
) -> People:
    """Return the people of a run: of its workspace or its kept tables, of its own data, and those
    of a list.

    Raises InputError where nothing tells who is a person.
    """
    names = tuple(names)
    tables = run / kept_input.FOLDER
    everybody = {*names, *_named_in(assessment)}
    if workspace or (tables / kept_input.INTAKE).is_file():
        settings = _lay_tables(engine, workspace, tables)
        signers: set[str] = {s for group in settings.approvers.values() for s in group if "@" in s}
        if settings.baseline:
            signers.add(settings.baseline.approved_by)
        people = known_people(engine, key, assessment.checks, everybody | signers)
    elif names:
        people = _people_of_data(assessment, everybody, run, key)
    else:
        raise InputError(
            "has kept no tables, so nothing here tells who is a person",
            str(run),
            "Give the workspace that it was assessed from with --workspace, or a file with a name"
            " or address a line with --names.",
        )
    results = Results(run, ())
    ids = {*_texts(results, "subject", "actor <> ''"), *_texts(results, "actor", "actor <> ''")}
    ids |= {name for cause in assessment.causes for name in (cause.what, *cause.actors)}
    people.keep_apart(ids, _texts(results, "subject", "actor = ''"))
    return people


def _lay_tables(engine: DuckDB, workspace: Path | None, tables: Path) -> Workspace:
    """Lay what was read under an engine, and derive who is who."""
    if workspace:
        settings = read_workspace(workspace)
        if settings.remote:
            message = "its evidence lies in remote storage, which is not read here"
            hint = "Give a run that was made with --keep-tables: its people are known by itself."
            raise InputError(message, settings.place("remote"), hint)
        sources = with_mappings(loader.load().sources, workspace)
        with Inputs.of(workspace, engine.memory()) as inputs:
            ingest(engine, inputs, sources, open_cache(engine.work / "cache"))
    else:
        settings = read_workspace(tables)
        kept_input.take(tables, engine)
    expected = [Expected(n, *e) for n, e in sorted(settings.log_sources.items())]
    derive(engine, settings.run, expected)
    return settings


def _named_in(run: Assessment) -> Iterator[str]:
    """Yield whom the data of a run name as people: owners, and those who signed something."""
    said = [*(n for a in run.attestations for n in (a.attested_by, a.examined_by, a.confirmed_by))]
    said += [w.approved_by for w in run.waivers] + [c.approved_by for c in run.compensations]
    said += [r.owner for r in run.responses]
    said += [run.sign_off.prepared_by, run.sign_off.reviewed_by, *run.sign_off.distribution]
    said += [owner for cause in run.causes for owner in cause.owners]
    said += [*run.people, *run.leavers]
    yield from filter(None, said)


def _people_of_data(run: Assessment, everybody: set[str], folder: Path, key: str) -> People:
    """Return the people of a list and of the data of a run; all other actors are machines."""
    results = Results(folder, ())
    everybody |= {*_texts(results, "owner", "owner <> ''"), *run.people.values()}
    others = {*_texts(results, "actor", "actor <> ''")} - everybody
    aliases = {name: owner for owner, name in run.people.items()}
    return People(everybody, others, aliases, set(), words_of(c.sql for c in run.checks), key)


def _texts(results: Results, column: str, where: str) -> list[str]:
    rows = results.query(f"SELECT DISTINCT {column} FROM held WHERE {where} AND {column} <> ''")
    return [text for (text,) in rows]
