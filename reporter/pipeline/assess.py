"""The line of the house: ingest -> assess -> score -> report. In: a workspace. Out: a run folder,
written whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from reporter.content import loader
from reporter.content.crosswalks import CHECKS
from reporter.content.loader import Content
from reporter.content.mapping import FOLDER, with_mappings
from reporter.content.packs import Pack, naming
from reporter.content.packs import shown as placed
from reporter.content.sql_policy import Compiled, compile_check
from reporter.content.workspace import NAME, Workspace, read_workspace
from reporter.content.yaml import read_yaml, words_of
from reporter.engine import duckdb
from reporter.engine.base import Unreadable
from reporter.engine.duckdb import DuckDB
from reporter.engine.sandbox import Limits
from reporter.errors import ContentError, Errors, InputError, ReporterError
from reporter.evaluate import extract, runner
from reporter.evaluate.defects import defects
from reporter.evaluate.foreign_checks import Apart
from reporter.evaluate.parity import side_by_side
from reporter.evaluate.remediation import effort_ids
from reporter.evaluate.segments import each_agent, segments
from reporter.ingest.cache import USUAL, Cache, open_cache
from reporter.ingest.load import Intake, ingest
from reporter.ingest.readers.files import is_shown_as_it_is, shown
from reporter.ingest.readers.inputs import Inputs
from reporter.ingest.unread_files import beside
from reporter.model.assessment import Assessment, Check, Framework, Notice, Sample
from reporter.model.scores import Scores, Tally
from reporter.pipeline import disclosures, redact_run
from reporter.pipeline.own_settings import (
    approved_baseline,
    beside_shipped,
    misplaced_notes,
    own_settings,
    remember,
)
from reporter.pipeline.resolve_statements import resolve, signers, statement_notices
from reporter.pipeline.run_scores import Scoring
from reporter.privacy.pseudonyms import mark
from reporter.report import FILES, installed_formats, warm_up
from reporter.report.compare import compare, read_earlier
from reporter.report.document import View
from reporter.report.export import (
    Wanted,
    clear_abandoned,
    place_of,
    publish,
    refuse_existing,
    write_run,
)
from reporter.report.html.custom_template import read_templates
from reporter.runs.store import Results, sha256, write_results
from reporter.statements import exceptions
from reporter.statements.approvers import Directory, read_directory
from reporter.statements.attestations import Settled
from reporter.statements.waivers import Stated
from reporter.transform import conflicts
from reporter.transform.approved_scope import review_scope
from reporter.transform.derive import BEFORE_SCOPE, derive
from reporter.transform.log_coverage import Expected


@dataclass(frozen=True, slots=True)
class Options:
    """How to run; what to assess is in the workspace."""

    formats: tuple[str, ...] = ("html", "pdf", "json", "csv")
    extra: tuple[Path, ...] = ()
    cache: Path | None = None
    memory: str = duckdb.DEFAULT_MEMORY
    pseudonymise: bool = False
    """Put pseudonyms for people, in every file of the run."""
    earlier: tuple[Path, ...] = ()
    """Folders of earlier runs, or of folders of them, to compare with."""
    templates: tuple[Path, ...] = ()
    """Of the user's own, each for a page of its own."""
    limits: Limits = Limits()
    """Of what others wrote: sources, checks and templates."""
    say: Callable[[str], None] = lambda _: None
    warn: Callable[[str], None] = lambda _: None
    """Takes what somebody should look at who watches the run."""
    key: str = ""
    """What secrets are fingerprinted and pseudonyms made with; '' makes one from the input."""
    told: Callable[[Path], None] = lambda _: None
    """Takes the folder that is to be removed if this process is killed."""
    language: str = ""
    """In which reports are printed; '' for that of the workspace. The data of a run are in none."""
    packs: tuple[Pack, ...] = ()
    """Installed content that takes part."""


def assess_workspace(
    folder: Path, out: Path, options: Options, begun: Inputs | None = None
) -> tuple[Assessment, View]:
    """Assess a workspace and leave a run folder at `out`; return its data, and what the report
    says.

    `begun` are the workspace's files, if their reading has begun already.
    """
    from reporter.report import build as views

    refuse_existing(out)
    _refuse_no_text(out, *filter(None, [options.cache]))
    own = read_templates(options.templates, FILES.values() if options.templates else ())
    installed_formats.refuse_unknown(options.formats)
    wanted = Wanted(options.formats, own, options.say, options.limits)
    workspace = read_workspace(folder)
    warm_up(options.formats)
    with begun or Inputs.of(workspace.folder) as inputs, _place(out, options) as place:
        content = loader.load(options.extra, options.packs)
        if content.packs:
            options.say(f"with packs {', '.join(map(str, content.packs))}")
        content = replace(content, sources=with_mappings(content.sources, workspace.folder))
        _refuse_unknown(workspace, content)
        known, content = content.frameworks, _chosen(workspace, content)
        with naming(content.packs):
            compiled = compile_all(
                content.checks, workspace.params, workspace.samples, workspace.place("params")
            )
        content = loader.anywhere(content)
        compiled = [(replace(c, place=placed(c.place, content.packs)), j) for c, j in compiled]
        folder = options.cache or out.parent / USUAL
        cache = open_cache(folder, options.key or inputs.key(), options.warn)
        hiding = mark(cache.secret_key) if options.pseudonymise else ""
        earlier = read_earlier(options.earlier, workspace.run, hiding)
        part, work = place / "run", place / "work"
        part.mkdir()
        work.mkdir(mode=0o700)
        assessment, counts = _assess(
            workspace, inputs, content, known, compiled, work, part, cache, options
        )
        if earlier:
            with DuckDB(work / "earlier", options.memory) as engine:
                assessment = compare(engine, earlier, assessment, part)
        shutil.rmtree(work)
        view, plain = views.both(
            assessment, Results(part, assessment.checks), options.language or assessment.language
        )
        write_run(assessment, view, plain, counts, part, wanted)
        publish(part, out)
    return assessment, views.moved(view, out)


def _refuse_no_text(*paths: Path) -> None:
    for path in paths:
        if not is_shown_as_it_is(path.absolute()):
            raise InputError(
                "the name of this folder is no UTF-8, and the engine opens no such path",
                shown(str(path)),
                "Give another --out or --cache.",
            )


@contextmanager
def _place(out: Path, options: Options) -> Iterator[Path]:
    """The folder in which a run is made, with nothing beside it of runs that were killed."""
    with place_of(out, options.told) as place:
        refuse_existing(out)  # another run may have ended since
        for name in clear_abandoned(out.parent):
            options.say(f"removed {name}, which a run that was killed had left")
        yield place


def _assess(
    workspace: Workspace,
    inputs: Inputs,
    content: Content,
    known: tuple[Framework, ...],
    compiled: list[tuple[Check, Compiled]],
    work: Path,
    part: Path,
    cache: Cache,
    options: Options,
) -> tuple[Assessment, dict[str, int]]:
    """Everything that needs the engine."""
    with _cache_kept(cache), DuckDB(work, options.memory) as engine:
        options.say(f"reading {workspace.folder}")
        intake = _read(engine, workspace, inputs, content, cache, part, options)
        who, told = _derived(engine, workspace)
        intake, said, stated = resolve(engine, intake, inputs, workspace, content, known, who)
        noted = (*intake.quarantined, *conflicts.notes(engine), *misplaced_notes(engine))
        intake = replace(intake, quarantined=noted, notices=(*intake.notices, *told))
        engine.lock((cache.folder, part))
        options.say(f"assessing {len(compiled)} checks")
        runner.prepare(engine)
        foreign = [j for c, j in compiled if c.id in content.extra]
        with Apart(foreign, work, options.memory, options.limits) as run:
            failed = runner.assess(engine, compiled, engine.threads(), strict=False, run=run)
        own = own_settings(workspace, [c for c, _ in compiled])
        remember(engine, own)
        as_read = stated.compensations
        # Compensated first: what is made good needs no waiver.
        made_good = exceptions.compensate(engine, as_read, content.checks, who)
        waived = exceptions.waive(engine, stated.waivers, content.checks, workspace.run.as_of, who)
        stated = replace(stated, compensations=made_good, waivers=waived)
        people = None
        if options.pseudonymise:
            signer = [workspace.baseline.approved_by] if workspace.baseline else []
            people = redact_run.hide_results(
                engine, cache.secret_key, content.checks, said, stated, signer
            )
            said, stated = redact_run.hide_words(said, stated)
            intake = redact_run.hide_intake(intake, people)
        assessment = _gather(engine, workspace, content, compiled, failed, intake, said, stated)
        write_results(engine, assessment.checks, assessment.roadmap, part)
        found = [*statement_notices(said, stated, who), *signers(workspace, said, stated, who)]
        if own.lines:
            plain = compile_all([c for c in content.checks if c.id in own.thresholds], {})
            foreign = [j for c, j in (*compiled, *plain) if c.id in content.extra]
            with Apart(foreign, work, options.memory, options.limits) as run:
                found.append(
                    beside_shipped(
                        engine, own, content, compiled, plain, assessment, said, as_read, who, run
                    )
                )
        assessment = replace(assessment, notices=(*assessment.notices, *found))
        if people:
            assessment = redact_run.hide_assessment(assessment, people)
            assessment = replace(assessment, pseudonyms=mark(cache.secret_key))
        return assessment, intake.rows


@contextmanager
def _cache_kept(cache: Cache) -> Iterator[None]:
    """Refuse to go on without a file of the cache: events are read from it to the end of the
    run.
    """
    try:
        yield
    except Unreadable as error:
        why = str(error).splitlines()[0]
        if str(cache.folder) not in str(error):
            raise InputError(f"the engine could not read or write a file: {why}") from error
        raise InputError(
            f"a file of the cache was removed, or cannot be read any more, during the run: {why}",
            str(cache.folder),
            "Run again, and leave the cache alone meanwhile.",
        ) from error


def _read(
    engine: DuckDB,
    workspace: Workspace,
    inputs: Inputs,
    content: Content,
    cache: Cache,
    part: Path,
    options: Options,
) -> Intake:
    """Read the files of a workspace, and name those that lie beside them."""
    with naming(content.packs):
        intake = ingest(engine, inputs, content.sources, cache, options.limits)
    others = beside(
        engine, workspace.folder, content.sources, _own_paths(workspace, cache, part, options)
    )
    intake = replace(intake, files=tuple(sorted([*intake.files, *others], key=lambda f: f.file)))
    _refuse_nothing(intake, workspace.folder)
    return intake


def _derived(engine: DuckDB, workspace: Workspace) -> tuple[Directory, list[Notice]]:
    """Make the tables; return who may sign, and what a reader must know of the approved runs.

    Scope comes last: it rests on who may approve runs, and that on the people of the lists.
    """
    expected = [Expected(n, *e) for n, e in sorted(workspace.log_sources.items())]
    derive(engine, workspace.run, expected, wanted=BEFORE_SCOPE)
    who = read_directory(engine, workspace.approvers)
    baseline, told = approved_baseline(engine, workspace, who)
    review_scope(engine, baseline)
    return who, told


def _own_paths(workspace: Workspace, cache: Cache, part: Path, options: Options) -> list[Path]:
    """What may lie in a workspace and is used otherwise than as evidence."""
    logo = (read_yaml(workspace.folder / NAME).get("branding") or {}).get("logo")
    own = [workspace.folder / name for name in (NAME, logo) if name]
    return [
        *own,
        cache.folder,
        part.parent.parent,
        *options.extra,
        *options.templates,
        *options.earlier,
    ]


def compile_all(
    checks: Sequence[Check],
    params: dict[str, dict[str, Any]],
    samples: Mapping[str, Sample] = {},
    place: str = NAME,
) -> list[tuple[Check, Compiled]]:
    """Compile every check with the workspace's thresholds; report all errors at once.

    Raises Errors with all that is wrong.
    """
    errors: list[ReporterError] = []
    compiled = []
    for check in checks:
        own = params.get(check.id, {})
        unknown = sorted(set(own) - set(check.params))
        if unknown:
            errors.append(
                InputError(
                    f"params: {check.id} has no parameter {unknown[0]!r}",
                    place,
                    f"It has: {', '.join(sorted(check.params)) or 'none'}.",
                )
            )
            continue
        wrong = [
            p for p in sorted(own) if type(own[p]) is not type(check.params[p]) or own[p] == []
        ]
        if wrong:
            kind = words_of(type(check.params[wrong[0]]))
            errors.append(
                InputError(
                    f"params: {check.id}: {wrong[0]} must be {kind}, not {own[wrong[0]]!r}", place
                )
            )
            continue
        beyond = [(p, most) for p in sorted(own) if (most := _beyond(p, own[p])) is not None]
        if beyond:
            name, most = beyond[0]
            errors.append(
                InputError(
                    f"params: {check.id}: {name} is {own[name]}",
                    place,
                    f"Expected a whole number from 0 to {most}." if most else "Expected 0 or more.",
                )
            )
            continue
        shipped = {name: check.params[name] for name in own if own[name] != check.params[name]}
        changed = replace(
            check, params={**check.params, **own}, shipped=shipped, sample=samples.get(check.id)
        )
        try:
            compiled.append((changed, compile_check(changed)))
        except ContentError as error:
            errors.append(error)
    if errors:
        raise Errors(errors)
    return compiled


_WHOLE = {"_percent": 100, "_permille": 1000}
"""What a name of a threshold ends in -> the most that it can be: a share of all."""


def _beyond(name: str, value: object) -> int | None:
    """The most that a threshold can be where its value is none, 0 for no limit; None where it is
    fine.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    most = next((n for end, n in _WHOLE.items() if name.endswith(end)), 0)
    return most if value < 0 or (most and value > most) else None


def _gather(
    engine: DuckDB,
    workspace: Workspace,
    content: Content,
    compiled: list[tuple[Check, Compiled]],
    failed: Mapping[str, str],
    intake: Intake,
    said: Settled,
    stated: Stated,
) -> Assessment:
    """Score the results and put everything a report needs into one object."""
    # A sample is not drawn of unknowns, and what could not be run is not run again.
    checks = tuple(replace(c, sample=None) if c.id in failed else c for c, _ in compiled)
    profile = content.profiles[workspace.run.profile]
    tallies = extract.tallies(engine)
    _refuse_other_sizes(checks, tallies)
    caps, caps_lo = extract.caps(engine, content), extract.caps_lo(engine, content)
    scoring = Scoring(
        content, checks, profile, tallies, segments(engine, checks), caps, caps_lo, said.answers
    )
    seen = extract.compared(engine)
    causes, todo = defects(
        engine, checks, content.causes, tallies, content.efforts, workspace.efforts
    )
    scores = scoring.scores(content.policy)
    bare = replace(scoring, answers={}).scores(content.policy) if said.answers else scores
    return Assessment(
        run=workspace.run,
        frameworks=content.frameworks,
        checks=checks,
        themes=content.themes,
        policy=content.policy,
        profile=profile,
        scores=scores,
        waivers=stated.waivers,
        compensations=stated.compensations,
        honoured=scoring.honoured(_honoured(engine, stated)),
        results=sum(t.n for t in tallies),
        waived=int(engine.one("SELECT count(*) FROM results WHERE waiver <> ''")),
        files=intake.files,
        out_of_scope_types=intake.out_of_scope,
        quarantined=intake.quarantined,
        branding=workspace.branding,
        language=workspace.language,
        feeds=extract.feeds(engine),
        feed_days=extract.feed_days(engine),
        coverage=extract.coverage(engine),
        compared=replace(seen, levels=scoring.leveled(each_agent(engine, checks), seen.tiers)),
        causes=causes,
        population=extract.population(engine),
        context=extract.context(engine, content),
        hashes=_hashes(workspace, content, checks, intake),
        crosswalks=content.crosswalks,
        parity=side_by_side(engine, [(c, j) for c, j in compiled if c.id not in failed]),
        attestations=said.attestations,
        roadmap=scoring.plan(todo),
        slices=scoring.slices(content.policy),
        reweighed=scoring.reweighed(todo),
        notices=tuple(_notices(engine, content, failed, intake, (scores, bare))),
    )


def _honoured(engine: DuckDB, stated: Stated) -> Sequence[Tally]:
    """Count results as if waivers were passes; nothing where none counts."""
    if not any(w.counts_as for w in stated.waivers):
        return ()
    return extract.tallies(engine, status=extract.HONOURED)


def _notices(
    engine: DuckDB,
    content: Content,
    failed: Mapping[str, str],
    intake: Intake,
    scores: tuple[Scores, Scores],
) -> Iterator[Notice]:
    """What a reader must know first; `scores` stand with and without the answers of people."""
    yield from disclosures.not_run(failed)
    yield from disclosures.of_files(intake)
    yield from intake.notices
    yield from disclosures.of_content(content)
    yield from extract.unlisted(engine)
    yield from extract.unnamed(engine)
    yield from disclosures.of_disguised(engine)
    yield from disclosures.of_names(engine)
    yield from disclosures.of_gateways(engine)
    yield from disclosures.of_refusals(engine)
    yield from disclosures.of_heartbeats(engine)
    yield from disclosures.of_answers(*([f.total for f in x.frameworks] for x in scores))


def _refuse_other_sizes(checks: Sequence[Check], tallies: Sequence[Tally]) -> None:
    for check, sample in ((c, c.sample) for c in checks if c.sample):
        n = sum(t.n for t in tallies if t.check == check.id)
        if n != sample.size:
            raise InputError(
                f"samples: {check.id} gives {n} verdicts, but its sample is declared with"
                f" {sample.size}",
                "reporter.yml",
                "Declare what was drawn: the subjects of the sample, and no others, must be in the"
                " input.",
            )


def _hashes(
    workspace: Workspace, content: Content, checks: tuple[Check, ...], intake: Intake
) -> dict[str, str]:
    """What the evidence rests on, and one id over it all (printed on every page)."""
    inputs = hashlib.sha256(
        "".join(f"{f.file}\0{f.sha256}\n" for f in intake.files).encode()
    ).hexdigest()
    thresholds = json.dumps({c.id: c.params for c in checks}, sort_keys=True, default=str)
    rests_on = {
        "inputs": inputs,
        "content": content.sha256,
        "policy": content.policy.sha256,
        "workspace": sha256(workspace.folder / "reporter.yml"),
        "thresholds": hashlib.sha256(thresholds.encode()).hexdigest(),
        "reporter": _version(),
        "engine": duckdb.version(),
    }
    maps = sorted((workspace.folder / FOLDER).glob("*.yml"))
    if maps:
        joined = b"".join(os.fsencode(p.name) + f"\0{sha256(p)}\n".encode() for p in maps)
        rests_on["mappings"] = hashlib.sha256(joined).hexdigest()
    rests_on |= {
        f"pack {p.name}": f"{p.package} {p.version}, sha256 {p.sha256}" for p in content.packs
    }
    text = json.dumps(rests_on, sort_keys=True)
    return {"evidence_id": hashlib.sha256(text.encode()).hexdigest(), **rests_on}


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("agent-reporter")
    except PackageNotFoundError:
        return "checkout"


def _chosen(workspace: Workspace, content: Content) -> Content:
    """Keep the lists that the workspace names, in its order, and the crosswalks between them."""
    catalogs = {f.id: f for f in content.frameworks}
    usual = tuple(f.id for f in content.frameworks if not f.optional)
    named = workspace.frameworks or usual
    known = {*catalogs, *(w.origin for w in content.crosswalks)}
    place = workspace.place("frameworks")
    for name in named:
        if name not in known:
            close = get_close_matches(name, known, 1)
            guess = f"Did you mean {close[0]}? " if close else ""
            raise InputError(
                f"frameworks: no {name!r}", place, f"{guess}Known: {', '.join(sorted(known))}."
            )
    if not catalogs.keys() & set(named):
        raise InputError(
            f"frameworks: {named[0]} is known from crosswalks only",
            place,
            f"Name a catalog beside it, such as {', '.join(usual)}.",
        )
    ends = {*named, CHECKS}
    walks = (w for w in content.crosswalks if w.origin in ends and w.target in ends)
    chosen = tuple(catalogs[name] for name in named if name in catalogs)
    return replace(content, frameworks=chosen, crosswalks=tuple(walks))


def _refuse_unknown(workspace: Workspace, content: Content) -> None:
    if workspace.run.profile not in content.profiles:
        raise InputError(
            f"no profile {workspace.run.profile!r}",
            workspace.place("profile"),
            f"Known: {', '.join(sorted(content.profiles))}.",
        )
    known = {c.id for c in content.checks}
    for key, named in (("params", workspace.params), ("samples", workspace.samples)):
        for check_id in named:
            if check_id not in known:
                raise InputError(f"{key}: no check {check_id!r}", workspace.place(key))
    _refuse_efforts(workspace.efforts, content, workspace.place("efforts"))


def _refuse_efforts(given: Iterable[str], content: Content, place: str) -> None:
    known = effort_ids(content.checks, content.causes)
    for name in given:
        if name not in known:
            close = ", ".join(get_close_matches(name, known, 3))
            hint = (
                f"Close to it: {close}."
                if close
                else "Name a check, or a cause of frameworks/causes.yml."
            )
            raise InputError(f"efforts: no check or cause {name!r}", place, hint)
        if known[name]:
            hint = f"Give days for {known[name]}, or {name}-evidence for what is unknown."
            raise InputError(f"efforts: {name} is mended with its cause {known[name]}", place, hint)


def _refuse_nothing(intake: Intake, folder: Path) -> None:
    if intake.rows["actors"] or intake.rows["events"]:
        return
    seen = "\n".join(f"  {f.file}: {f.why}" for f in intake.files[:20])
    more = f"\n  and {len(intake.files) - 20} more" if len(intake.files) > 20 else ""
    raise InputError(
        "no agent, no other actor and no event could be read from it",
        str(folder),
        (
            f"Files seen:\n{seen}{more}"
            if intake.files
            else (
                "It holds no files under inventory/, logs/ or statements/. `reporter formats` lists"
                " what can be read."
            )
        ),
    )
