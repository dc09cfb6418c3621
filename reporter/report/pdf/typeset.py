"""A page for paper as calls of `paper.typ`. In: the HTML of an edition. Out: code of typst.

Each element becomes a call with its classes and its content, so that templates are written once.
How elements look on paper is said in `templates/paper.typ`, how wide columns and pictures are by
the stylesheet in the page. Texts are string literals: none of them is markup.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import Any

import lxml.html

from reporter.i18n.translate import ENGLISH
from reporter.report.pdf.fonts import FAMILIES

_SPACE = re.compile(r"[ \t\r\n\f]+")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_COLUMN = re.compile(r"\.([\w-]+) th:nth-child\((\d+)\)")
_SIZED = re.compile(r"(?:^|})\s*(?:\.([\w-]+)|table) \{[^{}]*?font-size: ?([\d.]+)pt", re.MULTILINE)
_DRAWING = re.compile(r"(?:\.([\w-]+) )?svg\.([\w-]+)")
_PERCENT = re.compile(r"(?<![-\w])width: ?([\d.]+)%")
_MILLIMETRES = re.compile(r"(?<![-\w])(max-)?width: ?([\d.]+)mm")
TEXT_WIDTH = 504.6
"""Of a line, in points."""
_SIZE = 9.0
"""Of the text, in points."""
_BOLD = 1.06
"""How much wider than other text that of a row's head is at the most."""
_PADDING = 6.5
"""Beside the text of a column, in points."""
_POINTS = 0.75
"""In a pixel."""
_MILLIMETRE = 72 / 25.4
_MOST_LINES = 30
"""Of a row that keeps together: a longer one could be longer than a page."""
_MOST_KEPT = 900
"""Characters of what keeps together."""
_LETTER = 0.5
"""The width of a character, in ems, to guess lines."""
_INLINE = {"a", "b", "bdi", "br", "code", "i", "span", "svg", "img"}
_HEADING_SIZES = {1: 34, 2: 20, 3: 12.5, 4: 11}
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4}
_BLOCK_PICTURES = {
    *("heat", "lost-points", "days", "trend", "flow", "path", "tier-levels", "agent-map"),
    *("deviations", "cost-curve", "owner-ages", "course"),
}
_GROUPS = {"hero": "two", "twocol": "two", "maps": "pair", "trends": "pair"}
"""Class of an element -> the function that gets each of its children as an argument."""
_WRAPPED = {
    **{name: name for name in ("cover", "seal", "summary", "keep", "notices")},
    **{"block": "part", "task-list": "tasks"},
}
"""Class of an element -> the function that gets its content as one argument."""
_OPENING = {"behind", "contents", "summary"}
"""Classes of what begins on a new page; chapters follow the one before."""

_WHOLE = "nw"
_UNBROKEN = {_WHOLE, "range", "score", "tier"}
"""Classes of texts in which no line breaks."""

Cut = Callable[[str, float], str | list[str]]


@dataclass(frozen=True, slots=True)
class Widths:
    """What tables and pictures take from the CSS for paper."""

    columns: dict[str, dict[int, float]]
    """Class of a table -> number of a column, from 1 -> percent."""
    pictures: dict[tuple[str, str], tuple[bool, float]]
    """Class of an ancestor or '', class of a picture -> whether it is only the most, points."""
    sizes: dict[str, float]
    """Class, '' for any table -> the size of its text, in points."""

    @classmethod
    def read(cls, css: str) -> Widths:
        """Read the rules on columns and pictures."""
        columns: dict[str, dict[int, float]] = {}
        pictures: dict[tuple[str, str], tuple[bool, float]] = {}
        for selectors, body in _RULE.findall(css):
            if share := _PERCENT.search(body):
                for name, column in _COLUMN.findall(selectors):
                    columns.setdefault(name, {})[int(column)] = float(share[1])
            elif size := _MILLIMETRES.search(body):
                for selector in selectors.split(","):
                    if drawing := _DRAWING.fullmatch(selector.strip()):
                        width = float(size[2]) * _MILLIMETRE
                        pictures[drawing[1] or "", drawing[2]] = bool(size[1]), width
        return cls(columns, pictures, {name: float(size) for name, size in _SIZED.findall(css)})

    def size(self, classes: Sequence[str]) -> float:
        """Return how large the text of a table is to be taken, in points."""
        size = next((self.sizes[name] for name in (*classes, "") if name in self.sizes), _SIZE)
        return min(size * _BOLD, _SIZE)

    def shares(self, classes: Sequence[str], count: int) -> list[float]:
        """Return the percent of each column; those without a width divide what is left."""
        of_class = (named for name, named in self.columns.items() if name in classes)
        named = {n: share for of in of_class for n, share in of.items() if n <= count}
        rest = max(100 - sum(named.values()), 5 * (count - len(named)))
        return [named.get(n, rest / max(count - len(named), 1)) for n in range(1, count + 1)]

    def picture(self, classes: Sequence[str], around: Iterable[str], natural: float) -> float:
        """Return the width of a picture of a natural width, in points."""
        for place in (*around, ""):
            for name in classes:
                if (place, name) in self.pictures:
                    is_most, width = self.pictures[place, name]
                    return min(natural, width) if is_most else width
        return min(natural, TEXT_WIDTH)


@dataclass(slots=True)
class Typeset:
    """A page as code, and what belongs to it."""

    code: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    """Pictures that the code opens."""
    row_heads: list[set[int]] = field(default_factory=list)
    """For each table, in order, the cells of its body that head a row: typst has no such cells."""


def typeset(page: str, cut: Cut) -> Typeset:
    """Write a page as code; `cut` splits a text where a word is wider than a room in ems."""
    root = lxml.html.document_fromstring(page)
    widths = Widths.read("\n".join(style.text or "" for style in root.iter("style")))
    body = root.find("body")
    writer = _Writer(widths, cut, {e.get("id") for e in body.iter() if e.get("id")})
    writer.divides = root.get("lang", ENGLISH) != ENGLISH
    code = "\n".join(writer.blocks(body, ()))
    pictures = "".join(f"#let pic{n} = {literal(svg)}\n" for svg, n in writer.pictures.items())
    writer.made.code = f"{pictures}#{{\n{code}\n}}\n"
    return writer.made


class _Writer:
    """Writes the elements of one page."""

    def __init__(self, widths: Widths, cut: Cut, ids: set[str]) -> None:
        self._widths, self._cut, self._ids = widths, cut, ids
        self._room = TEXT_WIDTH / _SIZE
        self.divides = False
        """Whether heads of tables are divided at syllables, as paper.typ does it."""
        self._is_whole = False
        """Whether lines may not break here."""
        self._depth = 0
        """Of the last heading: the next may be one deeper at most."""
        self.made = Typeset()
        self.pictures: dict[str, int] = {}

    # ---- blocks ----

    def blocks(self, parent: Any, scope: tuple[str, ...]) -> Iterator[str]:
        """Yield a call for each block in an element; loose text becomes a paragraph."""
        loose: list[str] = [*self._text(parent.text or "")] if _says(parent.text) else []
        for child in parent:
            if child.tag in _INLINE and not _BLOCK_PICTURES & set(_classes(child)):
                loose += self._inline(child, scope)
            else:
                if loose:
                    yield f"p((), {_joined(loose)})"
                    loose = []
                yield from self._block(child, scope)
            if _says(child.tail) or (loose and child.tail):
                loose += self._text(child.tail)
        if loose:
            yield f"p((), {_joined(loose)})"

    def _block(self, element: Any, scope: tuple[str, ...]) -> Iterator[str]:
        name, classes = element.tag, _classes(element)
        if name in _HEADINGS:
            yield self._heading(element, classes, scope)
        elif name == "p":
            # Each page has the statement in its foot.
            if _leads_in(element):
                classes.append("led-in")
            if element.getparent().tag == "th":
                classes.append("thin")
            if not ("statement" in classes and "summary" in scope):
                yield f"p({_array(classes)}, {self._content(element, scope)})"
        elif name == "svg":
            yield self._picture(element, "block", scope)
        elif name == "table":
            yield self._table(element, classes, scope)
        elif name in ("ul", "ol"):
            yield from filter(None, (self._anchor(element), self._list(element, classes, scope)))
        elif name == "dl":
            yield self._terms(element, classes, scope)
        else:
            yield from self._division(element, classes, scope)

    def _division(
        self, element: Any, classes: Sequence[str], scope: tuple[str, ...]
    ) -> Iterator[str]:
        scope = (*classes, element.get("id") or "", *scope)
        if group := next((_GROUPS[c] for c in classes if c in _GROUPS), None):
            # One alone has the whole width.
            inner = scope if len(element) > 1 else scope[len(classes) :]
            cells = [self._body(child, inner) for child in element]
            yield f"{group}({', '.join(cells)})"
            return
        if _OPENING & set(classes):
            yield "pagebreak(weak: true)"
        wrapper = next((_WRAPPED[c] for c in classes if c in _WRAPPED), "")
        if wrapper == "keep" and len(element.text_content()) > _MOST_KEPT:
            wrapper = ""
        if wrapper:
            yield f"{wrapper}({self._body(element, scope)})"
        else:
            yield self._body(element, scope)

    def _body(self, element: Any, scope: tuple[str, ...]) -> str:
        """Return the blocks in an element as one argument."""
        return "{" + "\n".join([self._anchor(element), *self.blocks(element, scope)]) + "\n}"

    def _heading(self, element: Any, classes: Sequence[str], scope: tuple[str, ...]) -> str:
        level = _HEADINGS[element.tag]
        self._depth = min(level, self._depth + 1)
        places = [place for place in ("block", "summary", "keep", "task-list") if place in scope]
        outer, self._room = self._room, TEXT_WIDTH / _HEADING_SIZES[level]
        content = self._content(element, scope)
        self._room = outer
        return f"head({level}, {self._depth}, {_array([*classes, *places])}, {content})"

    def _list(self, element: Any, classes: Sequence[str], scope: tuple[str, ...]) -> str:
        if "toc" in classes:
            return f"toc({', '.join(self._entries(element, 0))})"
        if "facts" in classes:
            facts = (", ".join(self._content(part, scope) for part in item) for item in element)
            return f"facts({', '.join(f'({fact})' for fact in facts)})"
        items = [self._item(item, (*classes, *scope)) for item in element]
        if not items:
            return ""
        function = "numbered" if element.tag == "ol" else "listed"
        return f"{function}({_array(classes)}, {', '.join(items)})"

    def _entries(self, element: Any, depth: int) -> Iterator[str]:
        for item in element:
            link = item.find("a")
            yield f"({depth}, {literal(link.get('href')[1:])}, {self._content(link, ())})"
            for deeper in item.findall("ol"):
                yield from self._entries(deeper, depth + 1)

    def _item(self, item: Any, scope: tuple[str, ...]) -> str:
        """Return an item of a list: paragraphs in one run on."""
        if any(child.tag not in _INLINE and child.tag != "p" for child in item):
            return self._body(item, scope)
        paragraphs = item.findall("p")
        if not paragraphs:
            return self._content(item, scope)
        runs = (f"sp({_array(_classes(p))}, {self._content(p, scope)})" for p in paragraphs)
        return "{" + ';" ";'.join(runs) + "}"

    def _terms(self, element: Any, classes: Sequence[str], scope: tuple[str, ...]) -> str:
        pairs: list[tuple[str, list[str]]] = []
        for child in element:
            if child.tag == "dt":
                pairs.append((self._content(child, scope), []))
            else:
                write = self._content if "dense" in classes else self._body
                pairs[-1][1].append(write(child, scope))
        names = [*classes, *(["beside"] if "hashes" in classes or "scope" in scope else [])]
        code = ", ".join(f"({term}, {_joined(texts)})" for term, texts in pairs)
        return f"terms-of({_array(names)}, {code})"

    # ---- tables ----

    def _table(self, element: Any, classes: Sequence[str], scope: tuple[str, ...]) -> str:
        (heads,) = element.find("thead")
        shares, outer = self._widths.shares(classes, len(heads)), self._room
        size = self._widths.size(classes)
        columns = []
        for at, head in enumerate(heads):
            self._room = inf if self.divides else _room(shares[at : at + 1], size)
            names = _marked(_classes(head), at, 1, len(heads))
            columns.append(f"column({_array(names)}, {self._content(head, scope)})")
        cells: list[str] = []
        row_heads: set[int] = set()
        below = 0
        for row in element.find("tbody"):
            # A cell that spans rows is the first of its row, so others begin in the second column.
            begin = 1 if below else 0
            self._row(row, begin, shares, size, (*classes, *scope), cells, row_heads)
            below = below - 1 if below else int(row[0].get("rowspan", 1)) - 1
        self._room = outer
        self.made.row_heads.append(row_heads)
        return f"rows({_array(classes)}, {_array(shares)}, {_tuple(columns)}, {_tuple(cells)})"

    def _row(
        self,
        row: Any,
        begin: int,
        shares: Sequence[float],
        size: float,
        scope: tuple[str, ...],
        cells: list[str],
        row_heads: set[int],
    ) -> None:
        at, spans = begin, [int(cell.get("colspan", 1)) for cell in row]
        sums = [begin + sum(spans[:n]) for n in range(len(spans) + 1)]
        rooms = [_room(shares[first:last], size) for first, last in pairwise(sums)]
        lines = (
            len(cell.text_content()) * _LETTER / room for cell, room in zip(row, rooms, strict=True)
        )
        long = ["long"] if max(lines) > _MOST_LINES else []
        row_classes = _array(_classes(row))
        for cell, span, room in zip(row, spans, rooms, strict=True):
            self._room = room
            self._is_whole = _WHOLE in _classes(cell)
            names = [*_marked(_classes(cell), at, span, len(shares)), *long]
            if cell.tag == "th":
                names.append("th")
                row_heads.add(len(cells))
            is_block = any(child.tag == "p" for child in cell)
            content = self._body(cell, scope) if is_block else self._content(cell, scope)
            if at == 0 and (place := self._anchor(row)):
                content = _joined([place, content])
            down = f", down: {cell.get('rowspan')}" if cell.get("rowspan") else ""
            cells.append(f"cell({_array(names)}, {row_classes}, {span}, {content}{down})")
            at += span
        self._is_whole = False

    # ---- within a line ----

    def _content(self, element: Any, scope: tuple[str, ...]) -> str:
        """Return the text of an element as one argument, without space at its ends."""
        first, last = element.text or "", element[-1].tail or "" if len(element) else ""
        code = [*self._text(first.lstrip() if len(element) else first.strip())]
        for n, child in enumerate(element, 1):
            code += self._inline(child, scope)
            code += self._text(last.rstrip() if n == len(element) else child.tail or "")
        return _joined([self._anchor(element), *code])

    def _inner(self, element: Any, scope: tuple[str, ...]) -> str:
        code = [self._anchor(element), *self._text(element.text or "")]
        for child in element:
            code += [*self._inline(child, scope), *self._text(child.tail or "")]
        return _joined(code)

    def _inline(self, element: Any, scope: tuple[str, ...]) -> list[str]:
        name, classes = element.tag, _classes(element)
        if name == "br":
            return ["linebreak()"]
        if name == "svg":
            return [self._picture(element, "inline", scope)]
        if name == "img":
            return [self._logo(element)]
        outer, self._is_whole = self._is_whole, self._is_whole or bool(_UNBROKEN & set(classes))
        inner = self._inner(element, scope)
        self._is_whole = outer
        if name == "a":
            target = (element.get("href") or "")[1:]
            inner = f"go({literal(target)}, {inner})" if target in self._ids else inner
        elif name == "b":
            inner = f"b({inner})"
        if "range" in classes and self._is_short(element.text_content()):
            inner = f"box({inner})"  # a line would break behind the dash
        if tongue := element.get("lang"):
            inner = f"text(lang: {literal(tongue.split('-')[0])}, {inner})"
        return [f"sp({_array(classes)}, {inner})" if classes else inner]

    def _is_short(self, text: str) -> bool:
        return isinstance(self._cut(text.replace(" ", "\u00a0"), self._room), str)

    def _text(self, text: str) -> list[str]:
        if not text:
            return []
        text = _SPACE.sub(" ", text)
        pieces = self._cut(text.replace(" ", "\u00a0") if self._is_whole else text, self._room)
        if self._is_whole and not isinstance(pieces, str):
            pieces = self._cut(text, self._room)  # better between words than in one
        if isinstance(pieces, str):
            return [literal(pieces)]
        return [code for piece in pieces for code in (literal(piece), "o")][:-1]

    def _anchor(self, element: Any) -> str:
        """Return the code of the place that links to an element lead to."""
        id_ = element.get("id")
        return f"at({literal(id_)})" if id_ else ""

    def _picture(self, element: Any, kind: str, scope: tuple[str, ...]) -> str:
        said = ": ".join(e.text or "" for e in element if e.tag in ("title", "desc"))
        natural = float(element.get("width")) * _POINTS
        width = self._widths.picture(_classes(element), scope, natural)
        svg = lxml.html.tostring(element, encoding="unicode", with_tail=False)
        for name, family in FAMILIES.items():
            svg = svg.replace(name, family)
        svg = "".join(self._cut(svg.replace("viewbox=", "viewBox="), inf))
        number = self.pictures.setdefault(svg, len(self.pictures))
        return f"picture(pic{number}, {literal(said)}, {width:g}pt, {literal(kind)})"

    def _logo(self, element: Any) -> str:
        kind, _, data = element.get("src").partition(";base64,")
        name = f"logo.{kind.rpartition('/')[2].partition('+')[0]}"
        self.made.files[name] = base64.b64decode(data)
        return f"logo({literal(name)}, {literal(element.get('alt'))})"


def _marked(classes: Sequence[str], at: int, span: int, count: int) -> list[str]:
    """Add to the classes of a cell that it is the first or last of its row."""
    ends = [name for name, is_so in (("first", at == 0), ("last", at + span == count)) if is_so]
    return [*classes, *ends]


def _leads_in(paragraph: Any) -> bool:
    """Return whether a paragraph belongs to what follows it: the first below a heading, and the
    legend behind that. What another heading follows, or nothing, ends there.
    """
    before, after = paragraph.getprevious(), paragraph.getnext()
    if before is None or after is None or after.tag in _HEADINGS:
        return False
    return before.tag in ("h3", "h4") or (
        before.tag == "p" and "legend" in _classes(paragraph) and _leads_in(before)
    )


def _room(shares: Sequence[float], size: float) -> float:
    """Return the room of a cell whose text has a size, in ems."""
    return max((sum(shares) / 100 * TEXT_WIDTH - _PADDING) / size, 1.0)


def _says(text: str | None) -> bool:
    return bool(text and text.strip())


def _classes(element: Any) -> list[str]:
    return (element.get("class") or "").split()


def _joined(code: Iterable[str]) -> str:
    return "{" + ";".join(filter(None, code)) + "}"


def _array(values: Iterable[str | float]) -> str:
    return _tuple([literal(v) if isinstance(v, str) else f"{v:g}" for v in values])


def _tuple(code: Sequence[str]) -> str:
    """Write an array; one element needs a comma behind it."""
    return f"({', '.join(code)}{',' if len(code) == 1 else ''})"


def literal(text: str) -> str:
    """Write a text as a string of typst."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
