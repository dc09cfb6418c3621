"""Rows of results as HTML, and long lists packed. In: results as printed, or what macros make of
agents. Out: markup for the templates.

A list is kept as the markup of one item and the values of its places, a column each. A long one
goes into its page like that, and the script of the page puts the values in.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import msgspec
from markupsafe import Markup, escape

from reporter.i18n.translate import say, word
from reporter.model import ids
from reporter.report.chapters.chart_data import PathStep
from reporter.report.html.printed_results import Column, Rows
from reporter.report.html.result_pages import OWN, PLACE, Actor
from reporter.report.view.format import keep_percents

PACKED_FROM = 1 << 16
"""Characters of a list beside the report from which it is packed."""
_STEP = (
    '<tr><td>{kind}</td><th scope="row"><bdi>{name}</bdi></th><td class="r">{uses}</td><td>{effect}'
    '</td><td>{standing}</td><td><bdi class="ref">{record}</bdi></td></tr>\n'
)
ID, SUBJECT = "id", "subject"
"""The places of a result that a packed list keeps in one column."""
_PLACES = re.compile(PLACE.format(r"(\w+)"))
_ROW = (
    '<tr id="v-<!id>" data-severity="<!severity>" data-status="<!said>"><th'
    ' scope="row"><bdi><!subject></bdi> <span class="tier"><!tier></span></th><td><span class="sev'
    ' v-<!status>"><!said></span> <bdi><!reason></bdi><!waived></td><td><bdi'
    ' class="ref"><!record></bdi></td><td><bdi><!owner></bdi></td></tr>\n'
)


MARKUP = _ROW + _STEP
"""What is written here and not in a template."""
digest = lru_cache(1 << 16)(ids.digest)


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a list: all are `item` with the values of their places."""

    item: str
    columns: Mapping[str, Column]
    """By place, a value an item: markup."""

    def __html__(self) -> Markup:
        """Return the markup of the list."""
        return Markup("".join(self._each()))

    def _each(self) -> Iterable[str]:
        for values in zip(*self.columns.values(), strict=True):
            by_place = dict(zip(self.columns, values, strict=True))

            def value(place: re.Match[str], by_place: Mapping[str, str] = by_place) -> str:
                return by_place[place[1]]

            yield _PLACES.sub(value, _PLACES.sub(value, self.item))

    @property
    def is_long(self) -> bool:
        """Say whether the list is worth to be packed."""
        sizes = (sum(map(len, column)) for column in self.columns.values())
        total = len(next(iter(self.columns.values())).numbers)
        return sum(sizes) + total * len(self.item) >= PACKED_FROM

    def packed(self) -> str:
        """Return the list as its script takes it."""
        columns: dict[str, object] = {
            k: _encoded(v if k == SUBJECT else v.with_texts(list(map(keep_percents, v.different))))
            for k, v in self.columns.items()
        }  # the script hashes subjects
        if ID in columns:
            columns[ID] = _named(self.columns[ID], self.columns[SUBJECT])
        data = {"item": self.item, "columns": columns}
        return base64.b64encode(zlib.compress(msgspec.json.encode(data), 9)).decode()


def _encoded(column: Column) -> Sequence[str] | Mapping[str, object]:
    """Write values that repeat as the different ones and the number of each, and names that count
    on as their steps.
    """
    if len(column.different) * 2 > len(column.numbers):
        values = list(column)
        return _counted(values) or values
    return {"values": column.different, "numbers": column.numbers}


def _counted(values: Sequence[str]) -> Mapping[str, object] | None:
    """Write values such as "agent-00012" as few stems and the steps between their numbers, which
    pack to a fourth; None where not all of them are so.
    """
    found = [m.groups() for m in map(_COUNTED.fullmatch, values) if m]
    widths = {len(digits) for _, digits in found}
    is_padded = len(widths) == 1
    if len(found) < len(values) or not (is_padded or all(d[0] != "0" for _, d in found)):
        return None
    stems = Column.of([stem for stem, _ in found])
    if len(stems.different) * 4 > len(values):
        return None
    numbers = [int(digits) for _, digits in found]
    return {
        "stems": stems.different,
        "of": stems.numbers,
        "width": max(widths) if is_padded else 0,
        "steps": [after - before for before, after in pairwise((0, *numbers))],
    }


_COUNTED = re.compile(r"(.*?)([0-9]{1,12})", re.DOTALL)
"""A text that ends with all its last digits."""


def _named(ids_: Column, subjects: Column) -> Mapping[str, object]:
    """Write the ids of the results of a check: the script can make most of them of the subjects,
    and hashes of them all would be half of the list.
    """
    prefix = ids_.different[0][: -ids.LENGTH]
    pairs = enumerate(zip(ids_, subjects, strict=True))
    others = {n: id_ for n, (id_, subject) in pairs if id_ != prefix + digest(subject)}
    return {"prefix": prefix, "others": others}


def result_rows(rows: Rows) -> Items:
    """Return a table row for each result; search and filters use its words."""
    printed = rows.columns
    return Items(
        _ROW,
        {
            ID: printed["id"],
            "severity": _each(_word, printed["severity"]),
            "said": _each(_word, printed["status"]),
            "status": printed["status"],
            SUBJECT: _escaped(printed["subject"]),
            "tier": _escaped(printed["tier"]),
            "reason": _escaped(printed["reason"]),
            "waived": _each(_waiver, printed["waived_until"]),
            "record": _each(_breakable, _escaped(printed["record"])),
            "owner": _escaped(printed["owner"]),
        },
    )


def step_rows(steps: Iterable[PathStep]) -> Markup:
    """Print a table row for each step of an action path."""
    return Markup(
        "".join(
            _STEP.format(
                kind=escape(word(s.kind)),
                name=escape(s.name),
                uses=escape(s.uses),
                effect=escape(word(s.changes) if s.changes else say("not known")),
                standing=escape(s.words),
                record=_breakable(str(escape(s.record))),
            )
            for s in steps
        )
    )


def sections(actors: Sequence[Actor], *macros: Callable[[Actor], str]) -> Items:
    """Return what macros make of each actor, one after another."""
    parts = {f"part{n}": [str(macro(a)) for a in actors] for n, macro in enumerate(macros)}
    columns = {name: Column.of(texts) for name, texts in parts.items()}
    digests = Column.of([actor.digest for actor in actors])
    return Items("".join(map(PLACE.format, parts)), {**columns, OWN: digests})


class Packing:
    """Puts long lists into pages packed, which the script unfolds when its page is opened: a place
    for each first, and the lists when the pages are written, mostly beside other work.
    """

    def __init__(self) -> None:
        """Begin without a list."""
        self._lists: dict[str, Items] = {}

    def place(self, items: Items | Markup) -> Markup:
        """Return the place of a list, markup being one item; one that is short as it is."""
        items = (
            items
            if isinstance(items, Items)
            else Items("<!all>", {"all": Column([str(items)], [0])})
        )
        if not items.is_long:
            return items.__html__()
        place = PLACE.format(f"list{len(self._lists)}")
        self._lists[place] = items
        return Markup(f'<script type="text/plain" data-packed>{place}</script>')

    def take(self) -> Callable[[str], str]:
        """Return what puts the lists so far into a page, and begin with the next page."""
        lists, self._lists = self._lists, {}

        def fill(page: str) -> str:
            for place, items in lists.items():
                page = page.replace(place, items.packed())
            return page

        return fill


def path(text: str) -> Markup:
    """Let a browser break a file name at its folders."""
    return Markup(_breakable(str(escape(text))))


def _each(write: Callable[[str], str], column: Column) -> Column:
    """Write every different value once."""
    return column.with_texts(list(map(write, column.different)))


def _escaped(column: Column) -> Column:
    """Escape texts all at once, which takes a tenth; a printed text has no zero character."""
    return column.with_texts(str(escape("\0".join(column.different))).split("\0"))


def _word(code: str) -> str:
    return str(escape(word(code)))


def _breakable(escaped: str) -> str:
    return escaped.replace("/", "/<wbr>")


def _waiver(day: str) -> str:
    told = escape(say("waived until {day}", day=day))
    return f' <span class="quiet">{told}</span>' if day else ""
