"""The folder a run leaves. In: what was assessed. Out: files, visible all at once or not at all;
and a run read back.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from reporter.engine.sandbox import USUAL, Limits
from reporter.errors import InputError
from reporter.model.assessment import Assessment
from reporter.model.comparison import (
    Cause,
    Comparison,
    Deviation,
    Leveled,
    Observed,
    Rated,
    SideBySide,
    Step,
    Unused,
    Without,
)
from reporter.model.statements import ATTESTATIONS, COMPENSATIONS, WAIVERS
from reporter.report import FILES, WRITERS, installed_formats, shipped
from reporter.report.chapters.next_steps import Roadmap
from reporter.report.chapters.parts_of_the_whole import SliceLine, Slices
from reporter.report.document import View
from reporter.report.html.custom_template import Template, read_templates
from reporter.report.html.custom_template import write as write_own
from reporter.report.trend.transitions import Progress
from reporter.runs.store import (
    DATA,
    MANIFEST,
    RESULTS,
    Results,
    read_run,
    sha256,
    write_data,
)
from reporter.system.claims import claimed, clear_all
from reporter.system.plain_text import clean_json


def refuse_existing(out: Path) -> None:
    """Raise InputError where a run stands already."""
    if out.exists():
        raise InputError(
            "this run exists, and a run is never changed afterwards",
            str(out),
            "Give another --out, or remove the folder first.",
        )


@contextmanager
def place_of(out: Path, told: Callable[[Path], None] = lambda _: None) -> Iterator[Path]:
    """A hidden folder beside `out`, for its owner only, in which it is made; gone afterwards,
    however that ends.

    `told` is given its name first, for whoever removes it when this process is killed. Raises
    InputError where another process makes the same `out`."""
    place = out.parent / f".{out.name}.part"
    told(place)
    made = [p for p in (out.parent, *out.parent.parents) if not p.exists()]
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with claimed(place):
            yield place
    except BaseException:
        with suppress(OSError):  # not empty: others use it too
            for folder in made:
                folder.rmdir()
        raise


def clear_abandoned(folder: Path) -> list[str]:
    """Remove what processes that were killed left beside runs and among temporary files; return its
    names.
    """
    mine = Path(tempfile.gettempdir())
    places = {mine, mine.parent} if mine.name.startswith("reporter-") else {mine}
    return [
        *clear_all(folder, ".*.part"),
        *(name for place in sorted(places) for name in clear_all(place, "reporter-*")),
    ]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a run is written beside its tables."""

    formats: tuple[str, ...]
    templates: tuple[Template, ...] = ()
    say: Callable[[str], None] = lambda _: None
    limits: Limits = USUAL
    """Of the templates."""


def write_run(
    assessment: Assessment,
    view: View,
    plain: View,
    counts: dict[str, int],
    part: Path,
    wanted: Wanted,
) -> None:
    """Write every file of a run, tables from the English twin; the manifest last, for it has the
    hashes of the others.
    """
    write_data(assessment, part)
    write_formats(view, wanted, part, part)
    write_quarantine(assessment, part / "quarantine.csv")
    write_coverage(assessment, part / "coverage.csv")
    write_comparison(assessment.compared, part)
    write_causes(assessment.causes, Results(part, assessment.checks), part / "causes.csv")
    write_parity(assessment.parity, part / "parity.csv")
    write_roadmap(plain.roadmap, part / "roadmap.csv")
    write_statements(assessment, part / "statements.csv")
    write_todo(plain, part / "todo.csv")
    write_slices(plain.slices, part / "slices.csv")
    if plain.history.runs:
        write_changes(plain.history, part / "changes.csv")
    write_installed(view, wanted, part, part)
    write_manifest(part, assessment, counts)


def write_formats(view: View, wanted: Wanted, run: Path, part: Path) -> None:
    """Write a view in each format, and by each template of the user's own as HTML and PDF where
    these are wanted.

    The data of the run go to those that list or attach them.
    """
    data = [run / DATA, run / RESULTS]
    for name in (f for f in wanted.formats if f in WRITERS):
        wanted.say(f"writing {FILES[name]}")
        WRITERS[name](view, part / FILES[name], **({"data": data} if shipped(name)[0].data else {}))
    mediums = {name.rpartition("-")[2] for name in wanted.formats} & {"html", "pdf"}
    for template in wanted.templates:
        wanted.say(f"writing {template.name}")
        write_own(view, template, sorted(mediums), part, wanted.limits)


def write_installed(view: View, wanted: Wanted, run: Path, part: Path) -> None:
    """Write a view in each format that does not ship; last, for only then it is known which names
    are taken.
    """
    for name in (f for f in wanted.formats if f not in WRITERS):
        wanted.say(f"writing {name}")
        installed_formats.write(
            view, installed_formats.find(name), [run / DATA, run / RESULTS], part, wanted.limits
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
    """Write on how many days of the period each log shows each agent, the least seen first."""
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


def write_comparison(compared: Comparison, part: Path) -> None:
    """Write observed.csv and tiers.csv (an agent a row), unused.csv (a right a row), deviations.csv
    (a use a row), paths.csv (a step a row).
    """
    for name, kind, rows in (
        ("observed.csv", Observed, compared.agents),
        ("tiers.csv", Rated, compared.tiers),
        ("unused.csv", Unused, compared.unused),
        ("deviations.csv", Deviation, compared.deviations),
        ("paths.csv", Step, compared.paths),
        ("agents.csv", Leveled, compared.levels),
    ):
        _write_fields(part / name, kind, rows)


def _write_fields(path: Path, kind: type, rows: Iterable[object]) -> None:
    """Write dataclasses of a kind, a field a column."""
    from reporter.report.csv_tables import write_table

    header = [f.name for f in fields(kind)]
    write_table(path, header, [[_text(getattr(r, h)) for h in header] for r in rows])


def write_causes(causes: tuple[Cause, ...], results: Results, path: Path) -> None:
    """Write every root cause with the failures that it explains."""
    from reporter.report.csv_tables import write_table

    listed = "string_agg(\"check\" || ' ' || subject, '; ' ORDER BY \"check\", subject)"
    failing = dict(results.each(("cause", listed), "cause <> ''", "GROUP BY cause"))
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
                failing[c.id],
                c.ref,
            )
            for c in causes
        ],
    )


def write_parity(parity: SideBySide, path: Path) -> None:
    """Write every live actor without a governance practice that GOV-01 compares, or of whom no
    input says it.
    """
    _write_fields(path, Without, parity.without)


def write_slices(slices: Slices, path: Path) -> None:
    """Write the score of every part of the organisation, with exact fractions."""
    _write_fields(path, SliceLine, slices.rows)


def write_roadmap(roadmap: Roadmap, path: Path) -> None:
    """Write every pick of the roadmap, in its order."""
    from reporter.report.csv_tables import write_table

    header = (
        *(
            "rank",
            "id",
            "title",
            "what",
            "kind",
            "lane",
            "owners",
            "results",
            "effort",
            "gain",
            "certain_gain",
        ),
        *("gain_per_day", "gain_without_cap", "total_after", "level_after", "fix", "before"),
    )
    write_table(path, header, [[getattr(p, h) for h in header] for p in roadmap.picks])


def write_statements(assessment: Assessment, path: Path) -> None:
    """Write every answer, waiver and compensating control with what it counts as; rejected rows
    stand in quarantine.csv.
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
    for kind, said in (
        (ATTESTATIONS, assessment.attestations),
        (WAIVERS, assessment.waivers),
        (COMPENSATIONS, assessment.compensations),
    ):
        for s in said:
            own = {f.name: _text(getattr(s, f.name)) for f in fields(s)}
            counts_as = own.get("status") or own.get("counts_as") or "not counted"
            own |= {"kind": own.get("kind", kind), "counts_as": counts_as, "record": s.ref}
            rows.append([own.get(h, "") for h in header])
    write_table(path, header, rows)


def write_changes(history: Progress, path: Path) -> None:
    """Write every verdict that differs from the one of the last run before, and every one that
    fails in both.
    """
    from reporter.report.csv_tables import write_table

    write_table(path, history.columns, history.changes or ())


def write_todo(view: View, path: Path) -> None:
    """Write every failing or unknown verdict that is not waived, by owner, in the order of the
    roadmap; what nobody owns last.
    """
    from reporter.report.csv_tables import TODO, todo, write_table

    write_table(path, TODO, todo(view))


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def write_manifest(part: Path, assessment: Assessment, rows: dict[str, int]) -> None:
    """Hashes of inputs, content and outputs, and the counts; canonical JSON."""
    outputs = {
        p.relative_to(part).as_posix(): {"bytes": p.stat().st_size, "sha256": sha256(p)}
        for p in sorted(part.rglob("*"))
        if p.is_file()
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
    if assessment.pseudonyms:
        manifest["pseudonyms"] = assessment.pseudonyms
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
    for path in sorted(part.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    part.rename(out)
    descriptor = os.open(out.parent, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def read_view(run: Path, language: str = "") -> View:
    """Return what a report of a run says, in its language or another; raise InputError where it is
    no run.
    """
    from reporter.report.build import build

    return build(*read_run(run), language)


def render(
    run: Path,
    formats: Sequence[str],
    out: Path,
    templates: Iterable[Path] = (),
    told: Callable[[Path], None] = lambda _: None,
    language: str = "",
) -> list[Path]:
    """Print a run in formats, in its language or another, to the folder `out`, all or none; return
    what was written.

    Raises InputError where it is no run, or a file of the name stands there.
    """
    out = out.absolute()
    templates = tuple(templates)
    own = read_templates(templates, FILES.values() if templates else ())
    installed_formats.refuse_unknown(formats)
    view = read_view(run, language)
    if Path(os.path.realpath(out)).is_relative_to(os.path.realpath(run)):
        raise InputError("lies in the run, and a run is never changed", str(out))
    _refuse_overwriting(out, (FILES[name] for name in formats if name in FILES))
    # In a folder that is there, for it may be another disk than the one it lies in.
    with place_of(out / "reporter" if out.is_dir() else out, told) as place:
        part = place / "run"
        part.mkdir()
        wanted = Wanted(tuple(formats), own)
        write_formats(view, wanted, run, part)
        write_installed(view, wanted, run, part)
        made = sorted(p.name for p in part.iterdir())  # a long report brings pages beside it
        _refuse_overwriting(out, made)
        out.mkdir(exist_ok=True)  # not before there is something to put into it
        for name in made:
            (part / name).rename(out / name)
    return [out / name for name in made]


def _refuse_overwriting(out: Path, names: Iterable[str]) -> None:
    for name in names:
        if (out / name).exists():
            raise InputError(
                "exists and is not overwritten", str(out / name), "Give another --out."
            )
