"""The folder of a run. In: an assessment. Out: files that become visible all at once, and a run
read back.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, get_type_hints

from reporter.engine.sandbox import USUAL, Limits
from reporter.errors import InputError
from reporter.i18n.translate import speaking
from reporter.model.assessment import Assessment
from reporter.model.comparison import (
    Comparison,
    Deviation,
    EntitlementUsage,
    Leveled,
    RatedAgent,
    SideBySide,
    Step,
    UnusedGrant,
    Without,
)
from reporter.model.statements import ATTESTATIONS, COMPENSATIONS, WAIVERS
from reporter.report import FILES, WRITERS, installed_formats, shipped
from reporter.report.chapters.follow_up.finding_cards import ResponseForm
from reporter.report.chapters.follow_up.response_register import Register
from reporter.report.chapters.follow_up.workpapers import COLUMNS, workpapers
from reporter.report.chapters.next_steps import Roadmap
from reporter.report.chapters.parts_of_the_whole import SliceLine, Slices
from reporter.report.document import View
from reporter.report.editions.off_paper import CONTROLS, SUMS, write_controls, write_sums
from reporter.report.html.custom_template import Template, read_templates
from reporter.report.html.custom_template import write as write_own
from reporter.report.trend.transitions import Progress
from reporter.runs.store import (
    MANIFEST,
    Results,
    data_files,
    read_run,
    write_data,
)
from reporter.system.claims import claimed, clear_all
from reporter.system.hashes import sha256
from reporter.system.plain_text import clean_json
from reporter.system.temporary import PREFIX, sync


def refuse_existing(out: Path, what: str = "run") -> None:
    """Raise InputError where a run stands already, or something else."""
    if out.exists() and not out.is_dir():
        raise InputError("this is not a folder", str(out), "Give another --out.")
    if out.exists():
        raise InputError(
            f"this {what} exists, and a {what} is never changed afterwards",
            str(out),
            "Give another --out, or remove the folder first.",
        )


@contextmanager
def place_of(out: Path, callback: Callable[[Path], None] = lambda _: None) -> Iterator[Path]:
    """Provide a hidden folder beside `out`, for its owner only, in which the run is written.

    The folder is removed afterwards, even on failure. `callback` gets its path first, so that it
    can be removed if this process is killed.

    Raises InputError where another process writes the same `out`."""
    place = out.parent / f".{out.name}.part"
    callback(place)
    new_folders = [p for p in (out.parent, *out.parent.parents) if not p.exists()]
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with claimed(place):
            yield place
    except BaseException:
        with suppress(OSError):  # not empty, as others use it
            for folder in new_folders:
                folder.rmdir()
        raise


def clear_abandoned(folder: Path, temp: Path | None = None) -> list[str]:
    """Remove what killed processes left beside runs and among temporary files; return the names."""
    temp_folder = Path(tempfile.gettempdir())
    places = {temp_folder, *filter(None, [temp])}
    if temp_folder.name.startswith(PREFIX):
        places.add(temp_folder.parent)
    return [
        *clear_all(folder, ".*.part"),
        *(name for place in sorted(places) for name in clear_all(place, f"{PREFIX}*")),
    ]


CSV, PDF = "csv", "pdf"
"""The format that is begun while the rest of a run is computed, as it needs the results only; and
the one that is laid out while the others are written.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The output of a run beside its tables."""

    formats: tuple[str, ...]
    templates: tuple[Template, ...] = ()
    say: Callable[[str], None] = lambda _: None
    limits: Limits = USUAL
    """Of the templates."""


def write_run(
    assessment: Assessment,
    view: View,
    english_view: View,
    counts: dict[str, int],
    part: Path,
    options: Wanted,
    begun: Iterable[Future[None]],
) -> None:
    """Write every file of a run but those that were `begun`, tables from the English view. The
    manifest comes last, as it holds the hashes of the others.
    """
    write_data(assessment, part)
    results = Results(part, assessment.checks)
    tables = partial(_write_tables, assessment, english_view, results, part, options)
    formats = tuple(name for name in options.formats if name != CSV)
    write_formats(view, replace(options, formats=formats), part, part, tables)
    for job in begun:
        job.result()
    write_installed(view, options, part, part)
    write_manifest(part, assessment, counts)


def _write_tables(
    assessment: Assessment, english_view: View, results: Results, part: Path, options: Wanted
) -> None:
    if english_view.history.runs and CSV in options.formats:
        # Not begun before: only the comparison knows since when a finding is open.
        options.say(f"writing {FILES[CSV]}")
        WRITERS[CSV](english_view, part / FILES[CSV])
    write_quarantine(assessment, part / "quarantine.csv")
    write_coverage(assessment, part / "coverage.csv")
    write_comparison(assessment.compared, part)
    write_causes(english_view.causes.form, results, part / "causes.csv")
    write_responses(english_view.responses, part / "responses.csv")
    write_workpapers(english_view, part / "workpapers.csv")
    write_parity(assessment.parity, part / "parity.csv")
    write_roadmap(english_view.roadmap, part / "roadmap.csv")
    write_statements(assessment, part / "statements.csv")
    write_slices(english_view.slices, part / "slices.csv")
    write_controls(english_view, part / CONTROLS)
    write_sums(english_view, part / SUMS)
    if english_view.history.runs:
        write_changes(english_view.history, part / "changes.csv")


def write_formats(
    view: View,
    options: Wanted,
    run: Path,
    part: Path,
    write_tables: Callable[[], None] = lambda: None,
) -> None:
    """Write a view in each format, and with each user template as HTML and PDF if requested.

    Formats that list or attach the data of the run receive it. PDF is laid out, mostly outside
    Python, while the other formats and `write_tables` write.
    """
    from reporter.report.build import relocated

    names = [name for name in options.formats if name in WRITERS]
    on_paper = [name for name in names if shipped(name)[0].name == PDF]
    in_typst = Event()
    more = {PDF: {"on_layout": in_typst.set}}
    with ThreadPoolExecutor(1) as pool:
        paper = pool.submit(_write_each, relocated(view, run), on_paper, options, run, part, more)
        if on_paper and on_paper[0] == PDF:
            # Side by side, what Python does for both would hold up the one that takes longer.
            paper.add_done_callback(lambda _: in_typst.set())
            in_typst.wait()
        _write_each(view, [n for n in names if n not in on_paper], options, run, part)
        write_tables()
        paper.result()
    mediums = {name.rpartition("-")[2] for name in options.formats} & {"html", "pdf"}
    for template in options.templates:
        options.say(f"writing {template.name}")
        write_own(view, template, sorted(mediums), part, options.limits)


def _write_each(
    view: View,
    names: Sequence[str],
    options: Wanted,
    run: Path,
    part: Path,
    more: Mapping[str, Mapping[str, Any]] = {},
) -> None:
    data = data_files(run)
    for name in names:
        options.say(f"writing {FILES[name]}")
        given = {"data": data} if shipped(name)[0].data else {}
        WRITERS[name](view, part / FILES[name], **given, **more.get(name, {}))


def write_installed(view: View, options: Wanted, run: Path, part: Path) -> None:
    """Write a view in each installed format; last, as all other file names are known by then."""
    for name in (f for f in options.formats if f not in WRITERS):
        options.say(f"writing {name}")
        installed_formats.write(
            view, installed_formats.find(name), data_files(run), part, options.limits
        )


def write_quarantine(assessment: Assessment, path: Path) -> None:
    """Write every record or field that was not taken: file, line, kind, reason, text."""
    from reporter.report.csv_tables import write_table

    write_table(
        path,
        ("file", "line", "kind", "reason", "text"),
        [(q.file, str(q.line), q.kind, str(q.reason), q.text) for q in assessment.quarantined],
    )


def write_coverage(assessment: Assessment, path: Path) -> None:
    """Write the number of days on which each log shows each agent, the least seen first."""
    from reporter.report.csv_tables import write_table

    write_table(
        path,
        (
            "agent",
            "log_source",
            "expected_days",
            "seen_days",
            "longest_gap_days",
            "events",
            "first_at",
            "last_at",
        ),
        [
            (
                c.agent,
                c.log_source,
                *map(str, (c.expected_days, c.seen_days, c.longest_gap_days, c.events)),
                *(t.isoformat() if t else "" for t in (c.first_at, c.last_at)),
            )
            for c in assessment.coverage
        ],
    )


def write_comparison(comparison: Comparison, part: Path) -> None:
    """Write observed.csv and tiers.csv (an agent a row), unused.csv (a right a row), deviations.csv
    (a use a row), paths.csv (a step a row).
    """
    for name, kind, rows in (
        ("observed.csv", EntitlementUsage, comparison.agents),
        ("tiers.csv", RatedAgent, comparison.tiers),
        ("unused.csv", UnusedGrant, comparison.unused),
        ("deviations.csv", Deviation, comparison.deviations),
        ("paths.csv", Step, comparison.paths),
        ("agents.csv", Leveled, comparison.levels),
    ):
        _write_fields(part / name, kind, rows)


def _write_fields(path: Path, kind: type, rows: Sequence[object]) -> None:
    """Write dataclasses of a kind, a field a column."""
    from reporter.report.csv_tables import write_columns

    names = [f.name for f in fields(kind)]
    write_columns(
        path, names, rows, {n: _text for n, t in get_type_hints(kind).items() if t is not str}
    )


def write_causes(form: ResponseForm, results: Results, path: Path) -> None:
    """Write every root cause with the failures that it explains and its dates."""
    from reporter.report.csv_tables import write_table

    failure_list = "string_agg(\"check\" || ' ' || subject, '; ' ORDER BY \"check\", subject)"
    failures_by_cause = dict(results.each(("cause", failure_list), "cause <> ''", "GROUP BY cause"))
    write_table(
        path,
        (
            "id",
            "cause",
            "says",
            "what",
            "severity",
            "checks",
            "actors",
            "owners",
            "failures",
            "results",
            "record",
            *_DATES,
        ),
        [
            (
                c.id,
                c.title,
                "; ".join(c.says),
                c.what,
                c.severity,
                *("; ".join(x) for x in (c.checks, c.actors, c.owners)),
                str(c.failures),
                failures_by_cause[c.id],
                c.ref,
                *(row[name] for name in _DATES),
            )
            for c, row in zip(form.causes, form, strict=True)
        ],
    )


_DATES = (
    *("first_seen", "age_in_days", "age_is", "reopened"),
    *("due_by_policy", "due", "overdue", "status"),
)


def write_responses(register: Register, path: Path) -> None:
    """Write every response, and what the records say about it."""
    from reporter.report.csv_tables import write_table

    header = (
        *("finding", "title", "what", "severity", "status", "response", "owner", "due"),
        *("due_by_policy", "overdue", "evidence", "standing", "note", "record"),
    )
    rows = [
        (
            *(r.finding, r.title, r.what, r.severity, r.status, r.response, r.owner, r.due_iso),
            *(r.policy_iso, str(r.late), r.evidence, r.standing, r.note, r.record),
        )
        for r in register.rows
    ]
    write_table(path, header, rows)


def write_workpapers(view: View, path: Path) -> None:
    """Write for each control and check what was tested, on whom, and what came out, in the language
    of the reports.
    """
    from reporter.report.csv_tables import write_table

    with speaking(view.cover.language):
        write_table(path, COLUMNS, list(workpapers(view.frameworks, view.checks)))


def write_parity(parity: SideBySide, path: Path) -> None:
    """Write every live actor with a governance practice of GOV-01 missing or not recorded."""
    _write_fields(path, Without, parity.without)


def write_slices(slices: Slices, path: Path) -> None:
    """Write the score of every part of the organisation, with exact fractions."""
    _write_fields(path, SliceLine, slices.rows)


def write_roadmap(roadmap: Roadmap, path: Path) -> None:
    """Write every pick of the roadmap, in its order."""
    from reporter.report.csv_tables import write_columns

    header = (
        *("rank", "id", "title", "what", "kind", "lane", "owners", "results"),
        *("effort", "gain", "certain_gain"),
        *("gain_per_day", "gain_without_cap", "total_after", "level_after", "fix", "before"),
    )
    write_columns(path, header, roadmap.picks)


def write_statements(assessment: Assessment, path: Path) -> None:
    """Write every answer, waiver and compensating control with its effect. Rejected rows are in
    quarantine.csv.
    """
    from reporter.report.csv_tables import write_table

    header = (
        *(
            "kind",
            "framework",
            "control",
            "check",
            "subject",
            "by_check",
            "answer",
            "statement",
            "reason",
            "attested_by",
        ),
        *(
            "approved_by",
            "role",
            "date",
            "approved_at",
            "expires",
            "review_at",
            "method",
            "artefact",
            "artefact_sha256",
        ),
        *(
            "artefact_place",
            "observed",
            "examined_by",
            "confirmed_by",
            "ticket",
            "counts_as",
            "why",
            "results",
            "record",
        ),
    )
    rows = []
    for kind, statements in (
        (ATTESTATIONS, assessment.attestations),
        (WAIVERS, assessment.waivers),
        (COMPENSATIONS, assessment.compensations),
    ):
        for statement in statements:
            values = {f.name: _text(getattr(statement, f.name)) for f in fields(statement)}
            counts_as = values.get("status") or values.get("counts_as") or "not counted"
            values |= {
                "kind": values.get("kind", kind),
                "counts_as": counts_as,
                "record": statement.ref,
            }
            rows.append([values.get(h, "") for h in header])
    write_table(path, header, rows)


def write_changes(history: Progress, path: Path) -> None:
    """Write every result that differs from the previous run, and every one that fails in both."""
    from reporter.report.csv_tables import write_table

    write_table(path, history.columns, history.changes or ())


def _text(value: Any) -> str:
    if type(value) is str:  # most of them
        return value
    if isinstance(value, datetime):
        return "" if value == datetime.min else value.isoformat()  # a waiver without an end
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def write_manifest(
    part: Path,
    assessment: Assessment,
    rows: dict[str, int],
    purges: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Hashes of inputs, content and outputs, and the counts; canonical JSON. `purges` say what was
    removed from the run since.
    """
    outputs = {
        p.relative_to(part).as_posix(): {"bytes": p.stat().st_size, "sha256": sha256(p)}
        for p in sorted(part.rglob("*"))
        if p.is_file() and p != part / MANIFEST
    }
    files = [
        {
            "file": f.file,
            "source": f.source,
            "bytes": f.bytes,
            "sha256": f.sha256,
            "read": f.read,
            "kept": f.kept,
            "out_of_scope": f.out_of_scope,
            "unreadable": f.unreadable,
            "rejected": f.rejected,
            **({"origin": asdict(f.origin)} if f.origin else {}),
        }
        for f in assessment.files
    ]
    manifest = {
        "schema": "agent-maturity-manifest/1",
        "organisation": assessment.run.organisation,
        "period": [assessment.run.period_from.isoformat(), assessment.run.period_to.isoformat()],
        "as_of": assessment.run.as_of.isoformat(),
        "hashes": assessment.hashes,
        "inputs": files,
        "rows": rows,
        "results": assessment.results,
        "outputs": outputs,
    }
    if assessment.remote:
        manifest["remote"] = [asdict(place) for place in assessment.remote]
    if assessment.pseudonyms:
        manifest["pseudonyms"] = assessment.pseudonyms
    if purges:
        manifest["purged"] = list(purges)
    if assessment.history.runs:
        manifest["compared"] = [
            {
                "as_of": r.as_of.isoformat(),
                "evidence_id": r.evidence_id,
                "report_sha256": r.report_sha256,
            }
            for r in assessment.history.runs
        ]
    text = clean_json(manifest, sort_keys=True, indent=1) + "\n"
    (part / MANIFEST).write_text(text, encoding="utf-8")


def publish(part: Path, out: Path) -> None:
    """Make the finished folder durable, then visible, in one rename."""
    for path in (*sorted(part.rglob("*")), part):
        sync(path)
    part.rename(out)
    sync(out.parent)


def read_view(run: Path, language: str = "") -> View:
    """Return the view of a run, in its language or another; raise InputError if it is not a run."""
    from reporter.report.build import build

    return build(*read_run(run), language)


def _write_again(assessment: Assessment, english_view: View, results: Results, part: Path) -> None:
    """Write the tables that every run has of a stored run; findings.csv is a format."""
    from reporter.report.csv_tables import PICK, begin

    picks = map(PICK, english_view.roadmap.picks)
    with ThreadPoolExecutor(1) as pool:
        begun = begin(pool, english_view.findings, (), picks, part)
        _write_tables(assessment, english_view, results, part, Wanted(()))
        for job in begun:
            job.result()


def render(
    run: Path,
    formats: Sequence[str],
    out: Path,
    templates: Iterable[Path] = (),
    callback: Callable[[Path], None] = lambda _: None,
    language: str = "",
    tables: bool = True,
) -> list[Path]:
    """Write a run in formats to the folder `out`, all or none; return the written files. With the
    format csv, and unless `tables` is False, these are all tables that a run has.

    Raises InputError where it is not a run, or a file of the name stands there.
    """
    from reporter.report.build import both, build

    out = out.absolute()
    templates = tuple(templates)
    own_templates = read_templates(templates, FILES.values() if templates else ())
    installed_formats.refuse_unknown(formats)
    assessment, results = read_run(run)
    tables = tables and CSV in formats
    language = language or assessment.language
    if tables:
        view, english_view = both(assessment, results, language)
    else:
        view = english_view = build(assessment, results, language)
    if Path(os.path.realpath(out)).is_relative_to(os.path.realpath(run)):
        raise InputError("lies in the run, and a run is never changed", str(out))
    _refuse_overwriting(out, (FILES[name] for name in formats if name in FILES))
    # An existing folder may be on another disk than its parent, so the hidden one goes inside.
    with place_of(out / "reporter" if out.is_dir() else out, callback) as place:
        part = place / "run"
        part.mkdir()
        options = Wanted(tuple(formats), own_templates)
        write_formats(view, options, run, part)
        if tables:
            _write_again(assessment, english_view, results, part)
        write_installed(view, options, run, part)
        file_names = sorted(p.name for p in part.iterdir())  # a long report has pages beside it
        _refuse_overwriting(out, file_names)
        out.mkdir(exist_ok=True)  # only once there is something to put in it
        for name in file_names:
            (part / name).rename(out / name)
    return [out / name for name in file_names]


def _refuse_overwriting(out: Path, names: Iterable[str]) -> None:
    for name in names:
        if (out / name).exists():
            raise InputError(
                "exists and is not overwritten", str(out / name), "Give another --out."
            )
