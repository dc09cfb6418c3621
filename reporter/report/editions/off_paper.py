"""What the auditor's paper leaves to files, which are attached to it: every control in full, and
how each number came about. In: a `document.View`. Out: CSV files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reporter.i18n.translate import say, speaking
from reporter.report.csv_tables import write_table
from reporter.report.document import View
from reporter.report.view.elements import Check, Control, Group

CONTROLS, SUMS = "controls.csv", "sums.csv"
_TEXTS = ("id", "title", "group", "state", "extent", "rating", "coverage", "confidence")
_SENTENCES = ("shown", "not_shown", "official_text", "gap_text", "paraphrase", "ask")


def write_controls(view: View, path: Path) -> None:
    """Write every control: how far it is assessed, what its checks show, and what none shows, in
    the language of the view; its codes are English.
    """
    header = (
        *("framework", *_TEXTS, "score", "range", "exact_lo", "exact_hi", "checks"),
        *(*_SENTENCES, "direct", "rests_on"),
    )
    write_table(
        path,
        header,
        [
            (
                f.id,
                *(getattr(c, name) for name in _TEXTS),
                *(c.figure.text, c.figure.range, c.figure.exact_lo, c.figure.exact_hi),
                _ids(c),
                *(getattr(c, name) for name in _SENTENCES),
                _ids(c, "direct"),
                " ".join(c.hangs),
            )
            for f in view.frameworks
            for c in f.controls
        ],
    )


def _ids(control: Control, strength: str = "") -> str:
    lines = (c for c in control.checks if not strength or c.strength == strength)
    return "; ".join(line.check.text for line in lines)


def write_sums(view: View, path: Path) -> None:
    """Write how the number of each assessed theme, control, group and check came about, a sum a
    row.
    """
    with speaking(view.cover.language):
        write_table(path, ("list", "id", "title", "line", "sum"), list(_sums(view)))


def _sums(view: View) -> Iterator[tuple[str, ...]]:
    parts: list[tuple[str, Group | Control | Check]] = []
    for f in (view.themes, *view.frameworks):
        of_list: tuple[Group | Control, ...] = (f.total, *f.groups, *f.controls)
        parts += [(f.short, part) for part in of_list]
    parts += [(say("Checks"), check) for check in view.checks]
    for name, part in parts:
        if part.figure.assessed:
            for line, text in enumerate(part.reasons, 1):
                yield name, part.id, part.title, str(line), text
