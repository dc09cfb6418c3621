"""The files of a roll-up. In: a `Rollup`. Out: rollup.json with exact fractions, rollup.csv, and a
page as HTML and PDF.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from reporter.i18n.translate import ENGLISH, speaking
from reporter.report.rolled_up import rollup_data as data
from reporter.report.rolled_up.rollup_rows import group_name, left_reason, rollup_page
from reporter.report.view.format import exact
from reporter.runs.store import encoded
from reporter.score import rounded

SCHEMA = "agent-maturity-rollup/1"
COLUMNS = (
    *("depth", "by", "group", "path", "units", "actors", "results", "pass", "declared"),
    *("attested", "compensated", "fail", "unknown", "na", "counted_as_unknown", "level"),
    *("level_at_most", "score_lo", "score_hi", "score_lo_exact", "score_hi_exact", "coverage"),
    *("left_out", "why"),
)
SHOWN = 500
"""Groups in the table of the page; rollup.csv has all."""


def write_rollup(rollup: data.Rollup, out: Path, formats: Collection[str], language: str) -> None:
    """Write a roll-up in some formats, each file whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    for name, write in WRITERS.items():
        if name in formats:
            part = out / f".rollup.{name}.part"
            try:
                write(rollup, part, language or rollup.language)
                part.replace(out / f"rollup.{name}")
            finally:
                part.unlink(missing_ok=True)


def as_data(rollup: data.Rollup) -> dict[str, Any]:
    """Return a roll-up as rollup.json has it."""
    return {"schema": SCHEMA, **{f.name: getattr(rollup, f.name) for f in fields(rollup)}}


def _write_json(rollup: data.Rollup, path: Path, _language: str) -> None:
    path.write_bytes(encoded(as_data(rollup)) + b"\n")


def _write_csv(rollup: data.Rollup, path: Path, _language: str) -> None:
    from reporter.report.csv_tables import write_table

    with speaking(ENGLISH):
        rows = [_row(rollup, group) for group in rollup.groups]
        rows += [_left_row(left) for left in rollup.left_out]
    write_table(path, COLUMNS, rows)


def _row(rollup: data.Rollup, group: data.Group) -> list[str]:
    lo, hi = group.score or (None, None)
    level = group.level or ("", "")
    return [
        str(len(group.path)),
        rollup.levels[len(group.path) - 1] if group.path else "",
        group_name(rollup, group),
        " / ".join(group.path),
        "; ".join(group.units),
        *map(str, (group.actors, group.results)),
        *(str(group.counts[name]) for name in COLUMNS[7:14]),
        str(group.unknown_units + group.undrawn),
        *map(str, level),
        *map(_percent, (lo, hi)),
        *("" if share is None else exact(share) for share in (lo, hi)),
        _percent(group.coverage),
        "",
        group.why,
    ]


def _percent(share: Fraction | None) -> str:
    return "" if share is None else str(float(rounded(share)))


def _left_row(left: data.LeftOut) -> list[str]:
    row = dict.fromkeys(COLUMNS, "")
    row |= {"by": data.UNIT, "group": left.unit, "path": left.run, "left_out": left_reason(left)}
    row |= {"why": left.why, "counted_as_unknown": str(left.unknown or "")}
    return list(row.values())


def _write_html(rollup: data.Rollup, path: Path, language: str) -> None:
    path.write_text(_page(rollup, "screen", "", language), encoding="utf-8", newline="\n")


def _write_pdf(rollup: data.Rollup, path: Path, language: str) -> None:
    from reporter.report.pdf.paper import lay_out_page

    path.write_bytes(lay_out_page(lambda fonts: _page(rollup, "paper", fonts, language)))


def _page(rollup: data.Rollup, medium: str, more_css: str, language: str) -> str:
    from markupsafe import Markup

    from reporter.report.html.page import render_page
    from reporter.report.rolled_up import rollup_chart as chart

    with speaking(language):
        view = rollup_page(rollup)
        drawn = chart.chosen(view.lines, view.left, chart.SHOWN[medium])
        picture = Markup(chart.unit_bars(view.heads.question, *drawn))
        if medium == "screen":
            picture += Markup(chart.unit_stack(view.heads.question, *drawn))
        values = {"picture": picture, "drawn": len(drawn[0]), "rows": SHOWN}
        return render_page("rollup.html", view, medium, more_css, **values)


WRITERS: dict[str, Callable[[data.Rollup, Path, str], None]] = {
    "json": _write_json,
    "csv": _write_csv,
    "html": _write_html,
    "pdf": _write_pdf,
}
