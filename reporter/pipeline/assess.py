"""The pipeline: ingest -> assess -> score -> report. In: a workspace. Out: a run folder, written
whole or not at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reporter.content import loader
from reporter.content.loader import Content
from reporter.content.mapping import FOLDER, with_mappings
from reporter.content.packs import Pack, naming
from reporter.content.packs import display_place as placed
from reporter.content.workspace import NAME, Workspace, read_workspace
from reporter.content.yaml import read_yaml
from reporter.engine import duckdb
from reporter.engine.choice import DUCKDB
from reporter.engine.duckdb import DuckDB
from reporter.engine.sandbox import Limits
from reporter.errors import InputError
from reporter.evaluate import extract, runner
from reporter.evaluate.coded_results import Aside, code_texts, drop_read, make_changeable
from reporter.evaluate.evidence import wanted, weigh_lists
from reporter.evaluate.foreign_checks import Apart
from reporter.evaluate.parity import side_by_side
from reporter.evaluate.segments import agent_patterns
from reporter.evaluate.unassessed import find_unread
from reporter.ingest.cache import Cache, open_cache, still_there
from reporter.ingest.load import Followed, Intake, ingest
from reporter.ingest.readers.files import display_path, is_shown_as_it_is
from reporter.ingest.readers.inputs import Inputs
from reporter.ingest.remote.remote_inputs import Asked, inputs_of, refuse_unasked
from reporter.ingest.unread_files import READ, beside
from reporter.model.assessment import Assessment, Check, Framework, Notice, Quarantined
from reporter.model.comparison import Comparison
from reporter.model.scores import Scores, Tally
from reporter.model.statements import Compensation
from reporter.pipeline import disclosures, kept_runs, kept_tables, redact_run, weight_of_words
from reporter.pipeline.earlier_period import load_earlier
from reporter.pipeline.own_settings import (
    OwnSettings,
    approved_baseline,
    beside_shipped,
    own_settings,
    remember,
)
from reporter.pipeline.quarter import kept_input
from reporter.pipeline.resolve_statements import (
    resolve,
    signers,
    statement_notices,
    with_shortfalls,
)
from reporter.pipeline.run_scores import Planned, Scoring, plan
from reporter.pipeline.tested_checks import settle_by_tests
from reporter.pipeline.warehouse.opened_engine import opened
from reporter.pipeline.workspace_content import (
    compile_all,
    evidence_hashes,
    refuse_unknown,
    select_frameworks,
)
from reporter.privacy.pseudonyms import mark
from reporter.report import FILES, installed_formats, warm_up
from reporter.report.compare import compare
from reporter.report.document import View
from reporter.report.export import (
    CSV,
    Wanted,
    clear_abandoned,
    place_of,
    publish,
    refuse_existing,
    write_run,
)
from reporter.report.html.custom_template import read_templates
from reporter.report.trend.earlier_runs import VerifiedRun, read_earlier
from reporter.runs.actor_attributes import write_actors
from reporter.runs.store import Results, read_run, write_results
from reporter.schema.compiled import Compiled
from reporter.statements import exceptions
from reporter.statements.approvers import Directory, read_directory
from reporter.statements.attestations import Settled
from reporter.statements.waivers import Stated
from reporter.system.claims import claimed
from reporter.system.plain_text import from_here
from reporter.system.temporary import own_folder
from reporter.transform.approved_scope import review_scope
from reporter.transform.derive import BEFORE_SCOPE, derive, drop_loaded
from reporter.transform.log_coverage import Expected

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from reporter.engine.elsewhere import Questions

MANY = 5_000
"""Actors from which the results of each check are laid aside in a file."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run; the workspace defines what is assessed."""

    formats: tuple[str, ...] = ("html", "pdf", "json", "csv")
    extra: tuple[Path, ...] = ()
    cache: Path | None = None
    memory: str = duckdb.DEFAULT_MEMORY
    pseudonymise: bool = False
    """Replace people by pseudonyms in every file of the run."""
    earlier: tuple[Path, ...] = ()
    """Earlier runs to compare with, or folders of them."""
    templates: tuple[Path, ...] = ()
    """Templates of the user, each for a page of its own."""
    limits: Limits = Limits()
    """Limits for foreign sources, checks and templates."""
    say: Callable[[str], None] = lambda _: None
    warn: Callable[[str], None] = lambda _: None
    """Receives warnings for whoever watches the run."""
    key: str = ""
    """Key of fingerprints and pseudonyms; '' derives one from the input."""
    announce: Callable[[Path], None] = lambda _: None
    """Receives the folder to remove if this process is killed."""
    language: str = ""
    """Language of the reports; '' for that of the workspace. The data of a run have none."""
    packs: tuple[Pack, ...] = ()
    """Installed content that takes part."""
    fresh: bool = False
    """Assess anew, though the same was assessed before."""
    temp: Path | None = None
    """Folder for temporary files; beside the run without it."""
    temp_size: str = ""
    """Most that temporary files may take; '' for what the disk has."""
    keep_tables: bool = False
    """Keep what was read in the run, to assess it again without the files."""
    engine: str = DUCKDB
    """Who reads the events: `DUCKDB`, `SPARK`, or who answers for them elsewhere."""
    session: SparkSession | Questions | None = None
    """A session of Spark, or what was returned of events that lie elsewhere."""
    events: str = ""
    """The table of events in place of logs, as the command line names it."""
    executors: bool = False
    """Executors of Spark convert files, and see the same folders."""
    remote: Mapping[str, str] | None = None
    """The environment, where what lies in object storage is to be fetched."""


def assess_workspace(
    folder: Path, out: Path, options: Options, open_inputs: Inputs | None = None
) -> tuple[Assessment, View]:
    """Assess a workspace and leave a run folder; return its data and what a report says.
    `open_inputs` are the workspace's files, if reading has already begun."""
    from reporter.report import build as views

    refuse_existing(out)
    kept_input.refuse_people(options.keep_tables and options.pseudonymise)
    _refuse_places(folder, out, *filter(None, [options.cache, options.temp]))
    own_templates = read_templates(options.templates, FILES.values() if options.templates else ())
    installed_formats.refuse_unknown(options.formats)
    outputs = Wanted(options.formats, own_templates, options.say, options.limits)
    asked = Asked.of(options, out)
    workspace = refuse_unasked(read_workspace(folder), asked)
    with (
        open_inputs or inputs_of(workspace, asked) as inputs,
        places_of(out, options) as (part, work),
        ThreadPoolExecutor(4) as pool,
    ):
        cache = open_cache(asked.cache, options.key or inputs.key(), options.warn)
        shape = kept_runs.shape_of(workspace, inputs, cache, out, options, outputs)
        if not options.fresh and kept_runs.find(cache, shape, inputs, part):
            options.say("nothing has changed since this was assessed: that run is used")
            assessment, view = _read_view(part, options)
            publish(part, out)
            return assessment, views.relocated(view, out)
        known = known_content(workspace, options)
        read = partial(read_files, workspace, inputs, known.content, cache, part, options)
        places = work, part, cache
        assessment, view, intake = make_run(known, read, places, options, outputs, pool)
        if intake.repeatable and not any(n.code == "checks_not_run" for n in assessment.notices):
            again = kept_runs.shape_of(workspace, inputs, cache, out, options, outputs)
            if shape == again and all(map(inputs.is_steady, inputs.files)):
                kept_runs.keep(cache, shape, inputs, part)
        publish(part, out)
    return assessment, views.relocated(view, out)


@dataclass(frozen=True, slots=True)
class Known:
    """What an assessment follows."""

    workspace: Workspace
    content: Content
    catalogs: tuple[Framework, ...]
    compiled: list[tuple[Check, Compiled]]


def known_content(workspace: Workspace, options: Options) -> Known:
    """Return the content that a workspace asks for, compiled; raise ContentError or InputError."""
    content = loader.load(options.extra, options.packs, False, workspace.frameworks)
    if content.packs:
        options.say(f"with packs {', '.join(map(str, content.packs))}")
    content = replace(content, sources=with_mappings(content.sources, workspace.folder))
    refuse_unknown(workspace, content)
    catalogs, content = content.frameworks, select_frameworks(workspace, content)
    with naming(content.packs):
        compiled = compile_all(
            content.checks, workspace.params, workspace.samples, workspace.place("params")
        )
    content = loader.anywhere(content)
    compiled = [(replace(c, place=placed(c.place, content.packs)), j) for c, j in compiled]
    return Known(workspace, content, catalogs, compiled)


def make_run(
    known: Known,
    read: Callable[[DuckDB], Intake],
    places: tuple[Path, Path, Cache],
    options: Options,
    outputs: Wanted,
    pool: Executor,
    beside: VerifiedRun | None = None,
) -> tuple[Assessment, View, Intake]:
    """Assess what `read` lays under an engine; write the run beside earlier ones, or that given."""
    from reporter.report import build as views

    work, part, cache = places
    marked = mark(cache.secret_key) if options.pseudonymise else ""
    earlier = read_earlier(options.earlier, known.workspace.run, marked)
    warm_up(options.formats)  # from here on, the engine leaves Python time for it
    compared = (beside,) if beside else earlier
    at_once = replace(options, formats=()) if compared else options
    assessment, intake, begun = _assess(known, read, earlier, work, part, cache, at_once, pool)
    if compared:
        with DuckDB(work / "earlier", options.memory, options.temp_size) as engine:
            assessment = compare(engine, compared, assessment, part, names=intake.names)
    shutil.rmtree(work)
    language = options.language or assessment.language
    view, plain_view = views.both(assessment, Results(part, assessment.checks), language)
    write_run(assessment, view, plain_view, intake.rows, part, outputs, begun)
    return assessment, view, intake


def _read_view(part: Path, options: Options) -> tuple[Assessment, View]:
    from reporter.report import build as views

    return (run := read_run(part))[0], views.build(*run, options.language)


def _refuse_places(workspace: Path, *paths: Path) -> None:
    evidence = [(workspace / name).resolve() for name in READ]
    for path in paths:
        why = ""
        if not is_shown_as_it_is(path.absolute()):
            why = "the name of this folder is not UTF-8, and the engine opens no such path"
        elif any(path.resolve().is_relative_to(place) for place in evidence):
            why = "this folder is among the evidence of the workspace: the next run would read it"
        if why:
            raise InputError(why, display_path(str(path)), "Give another --out, --cache or --temp.")


@contextmanager
def places_of(out: Path, options: Options) -> Iterator[tuple[Path, Path]]:
    """Yield the folder of a run in progress and that of its temporary files; remove leftovers of
    killed runs next to them.
    """
    with place_of(out, options.announce) as place, ExitStack() as held:
        refuse_existing(out)  # another run may have ended since
        for name in clear_abandoned(out.parent, options.temp):
            options.say(f"removed {name}, which a run that was killed had left")
        part, work = place / "run", place / "work"
        part.mkdir()
        if options.temp:
            options.temp.mkdir(parents=True, exist_ok=True)
            own = own_folder(options.temp)
            options.announce(own)
            work = held.enter_context(claimed(own)) / "work"
        work.mkdir(mode=0o700)
        yield part, work


def _assess(
    known: Known,
    read: Callable[[DuckDB], Intake],
    earlier: Sequence[VerifiedRun],
    work: Path,
    part: Path,
    cache: Cache,
    options: Options,
    pool: Executor,
) -> tuple[Assessment, Intake, tuple[Future[None], ...]]:
    """Run all steps that need the engine; return what is being written too."""
    workspace, content, compiled = known.workspace, known.content, known.compiled
    with still_there(cache), opened(work, options, workspace) as engine:
        options.say(f"reading {workspace.folder}")
        intake = read(engine)
        if options.keep_tables:
            _keep_tables(engine, intake, workspace, part)
        kept = kept_tables.find(cache, workspace, content, intake, options.fresh)
        who, notices = derive_tables(engine, workspace, kept.tables)
        intake, answers, claims = resolve(engine, intake, workspace, content, known.catalogs, who)
        intake = noted(engine, intake, notices, disclosures.notes_on_kept(engine))
        followed = load_earlier(engine, earlier, workspace.run, content, intake.names)
        engine.lock((cache.folder, part))
        faults = run_checks(engine, content, compiled, kept, work, options)
        if claims.compensations or claims.waivers or options.pseudonymise:
            make_changeable(engine)
        remember(engine, setup := own_settings(workspace, [c for c, _ in compiled]))
        as_read = claims.compensations
        # Compensation comes first: a compensated result needs no waiver.
        compensations = exceptions.compensate(engine, as_read, content.checks, who)
        waivers = exceptions.waive(engine, claims.waivers, content.checks, workspace.run.as_of, who)
        claims = replace(claims, compensations=compensations, waivers=waivers)
        people = None
        if options.pseudonymise:
            said = answers, claims, [workspace.baseline.approved_by] if workspace.baseline else []
            people = redact_run.hide_results(engine, cache.secret_key, content.checks, *said)
            answers, claims = redact_run.hide_words(answers, claims)
            intake = redact_run.hide_intake(intake, people)
        if not setup.lines:  # with settings of its own, some checks run again
            drop_read(engine)
        code_texts(engine)
        with kept_tables.kept_aside(engine, kept):
            planned = plan(engine, workspace, content, compiled, faults, answers, followed)
            write_results(engine, planned.scoring.checks, planned.roadmap, part)
            write_actors(engine, people, part)
            begin = partial(_begin, pool, part, options)
            begun = None if people or planned.is_large else begin(planned)
            # Python scores while the engine answers.
            weighing = pool.submit(planned.scoring.reweighed, planned.actions)
            assessment = _gather(engine, workspace, content, planned, intake, answers, claims)
        news = [*assessment.notices, *statement_notices(answers, claims, who)]
        news += signers(workspace, answers, claims, who)
        settled = assessment, answers, as_read, who
        news += _beside_shipped(engine, content, compiled, setup, settled, work, options)
        assessment = replace(assessment, notices=tuple(news), reweighed=weighing.result())
    if people:
        assessment = redact_run.hide_assessment(assessment, people)
        assessment = replace(assessment, pseudonyms=mark(cache.secret_key))
        planned = planned.hidden_as(assessment)
    return assessment, intake, begun or begin(planned)


def _beside_shipped(
    engine: DuckDB,
    content: Content,
    compiled: Sequence[tuple[Check, Compiled]],
    setup: OwnSettings,
    settled: tuple[Assessment, Settled, Sequence[Compensation], Directory],
    work: Path,
    options: Options,
) -> list[Notice]:
    """Say how the score would be with shipped settings, where the workspace has its own."""
    if not setup.lines:
        return []
    plain = compile_all([c for c in content.checks if c.id in setup.thresholds], {})
    with _guests(content, (*compiled, *plain), work, options) as run:
        return [beside_shipped(engine, setup, content, compiled, plain, *settled, run)]


def run_checks(
    engine: DuckDB,
    content: Content,
    compiled: Sequence[tuple[Check, Compiled]],
    kept: kept_tables.Kept,
    work: Path,
    options: Options,
) -> dict[str, str]:
    """Fill `results`; return why some checks could not be run, by id."""
    options.say(f"assessing {len(compiled)} checks")
    drop_loaded(engine, (j.sql for _, j in compiled))
    sources = {s.id: s for s in content.sources}
    runner.prepare(engine)
    weigh_lists(engine, sources)
    n_actors = int(engine.one("SELECT count(*) FROM actors"))
    aside = Aside(work / "results") if n_actors >= MANY else None
    taken = kept_tables.take_results(engine, kept, compiled, aside)
    others = [(c, j) for c, j in compiled if c.id not in taken]
    n = engine.threads()
    with _guests(content, others, work, options) as run, engine.shared_by(min(n, len(others))):
        faults = runner.assess(engine, others, n, False, run, aside, sources)
    kept_tables.keep_results(engine, kept, compiled, taken, faults)
    settle_by_tests(engine, content)
    return faults


def _guests(
    content: Content, compiled: Iterable[tuple[Check, Compiled]], work: Path, options: Options
) -> Apart:
    """Return what runs checks that did not ship."""
    foreign = [j for c, j in compiled if c.id in content.extra]
    return Apart(foreign, work, options.memory, options.limits)


def read_files(
    workspace: Workspace,
    inputs: Inputs,
    content: Content,
    cache: Cache,
    part: Path,
    options: Options,
    engine: DuckDB,
    followed: Followed = (),
) -> Intake:
    """Read the files of a workspace beside what is converted already; name unread files there."""
    with naming(content.packs):
        intake = ingest(engine, inputs, content.sources, cache, options.limits, followed)
    used = _used_paths(workspace, cache, part, options)
    others = beside(engine, workspace.folder, content.sources, used)
    files = sorted([*intake.files, *others], key=lambda f: f.file)
    intake = with_shortfalls(replace(intake, files=tuple(files)), inputs)
    refuse_nothing(intake, workspace.folder)
    return intake


def derive_tables(
    engine: DuckDB, workspace: Workspace, kept: Mapping[str, str]
) -> tuple[Directory, list[Notice]]:
    """Make the tables; return the directory of signers, and notices on the approved runs.

    Scope comes last: it depends on the approvers of runs, and they on the people of the lists.
    """
    expected = [Expected(n, *e) for n, e in sorted(workspace.log_sources.items())]
    derive(engine, workspace.run, expected, wanted=BEFORE_SCOPE, kept=kept)
    directory = read_directory(engine, workspace.approvers)
    baseline, notices = approved_baseline(engine, workspace, directory)
    review_scope(engine, baseline)
    return directory, notices


def _used_paths(workspace: Workspace, cache: Cache, part: Path, options: Options) -> list[Path]:
    """Return the paths in a workspace that are used, but not as evidence."""
    return [
        *_settings_files(workspace).values(),
        cache.folder,
        part.parent.parent,
        *filter(None, [options.temp]),
        *options.extra,
        *options.templates,
        *options.earlier,
    ]


def _keep_tables(engine: DuckDB, intake: Intake, workspace: Workspace, part: Path) -> None:
    kept_input.keep(engine, intake, _settings_files(workspace), part / kept_input.FOLDER)


def _settings_files(workspace: Workspace) -> dict[str, Path]:
    """Return the files of settings by their names in the workspace."""
    logo = (read_yaml(workspace.folder / NAME).get("branding") or {}).get("logo")
    names = [NAME, *([logo] if logo else [])]
    names += [p.relative_to(workspace.folder) for p in workspace.folder.glob(f"{FOLDER}/*.yml")]
    return {str(name): workspace.folder / name for name in names}


def _begin(
    pool: Executor, part: Path, options: Options, planned: Planned
) -> tuple[Future[None], ...]:
    """Begin to write the lists of all results while the rest of the run is computed."""
    from reporter.report import build as views
    from reporter.report.chapters.next_steps import heads
    from reporter.report.csv_tables import begin

    checks, frameworks = planned.scoring.checks, planned.scoring.content.frameworks
    counts = ((t.status, t.n) for t in planned.scoring.tallies)
    findings = views.findings(checks, frameworks, counts, Results(part, checks))
    columns = views.finding_columns(frameworks) if CSV in options.formats else ()
    if columns:
        options.say(f"writing {FILES[CSV]}")
    return begin(pool, findings, columns, heads(planned.roadmap), part)


def _gather(
    engine: DuckDB,
    workspace: Workspace,
    content: Content,
    planned: Planned,
    intake: Intake,
    answers: Settled,
    claims: Stated,
) -> Assessment:
    """Put what a report needs into one object, but for the scores with other weights."""
    scoring, scores = planned.scoring, planned.scores
    base = replace(scoring, answers={}).scores(content.policy) if answers.answers else scores
    return Assessment(
        run=workspace.run,
        frameworks=content.frameworks,
        checks=tuple(scoring.checks),
        themes=content.themes,
        policy=replace(content.policy, due_days=content.policy.due_days | workspace.due_days),
        profile=scoring.profile,
        scores=scores,
        waivers=claims.waivers,
        compensations=claims.compensations,
        responses=claims.responses,
        sign_off=workspace.sign_off,
        honoured=scoring.honoured(_honoured_tallies(engine, claims)),
        results=sum(t.n for t in scoring.tallies),
        evidence=extract.evidence(engine),
        remote=intake.remote,
        wanted=wanted(engine, content.sources, loader.read_queries),
        waived=int(engine.one("SELECT count(*) FROM results WHERE waiver <> ''")),
        files=intake.files,
        out_of_scope_types=intake.out_of_scope,
        quarantined=intake.quarantined,
        branding=workspace.branding,
        language=workspace.language,
        feeds=extract.feeds(engine),
        feed_days=extract.feed_days(engine),
        coverage=extract.coverage(engine),
        compared=_compared(engine, scoring),
        causes=planned.causes,
        people=extract.people(engine),
        leavers=extract.leavers(engine),
        population=extract.population(engine),
        context=extract.context(engine, content),
        hashes=evidence_hashes(workspace, content, tuple(scoring.checks), intake, engine.version()),
        crosswalks=content.crosswalks,
        parity=side_by_side(engine, planned.queries),
        attestations=answers.attestations,
        roadmap=planned.roadmap,
        slices=scoring.slices(content.policy),
        reliance=weight_of_words.reliance(engine, scoring, scores),
        earlier=planned.earlier,
        notices=tuple(_notices(engine, content, planned.failures, intake, (scores, base))),
    )


def _compared(engine: DuckDB, scoring: Scoring) -> Comparison:
    """Return what agents did and may do, with the level of each."""
    usage = extract.compared(engine)
    return replace(usage, levels=scoring.leveled(agent_patterns(engine), usage.tiers))


def noted(
    engine: DuckDB, intake: Intake, notices: Sequence[Notice], notes: Sequence[Quarantined]
) -> Intake:
    """Add notices and notes, and make the table of the records that hold what could not be read."""
    entries = (*intake.quarantined, *notes)
    find_unread(engine, entries)
    return replace(intake, quarantined=entries, notices=(*intake.notices, *notices))


def _honoured_tallies(engine: DuckDB, claims: Stated) -> Sequence[Tally]:
    """Count results as if waivers were passes; nothing if no waiver counts."""
    if not any(w.counts_as for w in claims.waivers):
        return ()
    return extract.tallies(engine, status=extract.HONOURED)


def _notices(
    engine: DuckDB,
    content: Content,
    failures: Mapping[str, str],
    intake: Intake,
    scores: tuple[Scores, Scores],
) -> Iterator[Notice]:
    """Yield what a reader must know first; `scores` are those with and without the answers of
    people.
    """
    yield from disclosures.not_run(failures)
    yield from disclosures.of_files(intake)
    yield from intake.notices
    yield from disclosures.of_content(content)
    yield from extract.unlisted(engine)
    yield from extract.unnamed(engine)
    yield from disclosures.of_unread_fields(intake)
    yield from disclosures.of_contradictions(intake)
    yield from disclosures.of_doubled(intake)
    yield from disclosures.of_tables(engine)
    yield from disclosures.of_answers(*([f.total for f in x.frameworks] for x in scores))


def refuse_nothing(intake: Intake, folder: Path) -> None:
    """Raise InputError, with what was seen, where there is neither an actor nor an event."""
    if intake.rows["actors"] or intake.rows["events"]:
        return
    listing = "\n".join(f"  {f.file}: {from_here(str(f.why), folder)}" for f in intake.files[:20])
    remainder = f"\n  and {len(intake.files) - 20} more" if len(intake.files) > 20 else ""
    raise InputError(
        "no agent, no other actor and no event could be read from it",
        str(folder),
        (
            f"Files seen:\n{listing}{remainder}"
            if intake.files
            else (
                "It holds no files under inventory/, logs/ or statements/. `reporter formats` lists"
                " what can be read."
            )
        ),
    )
