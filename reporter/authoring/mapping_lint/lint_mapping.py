"""Lint a mapping of anybody's. In: a file. Out: what is wrong in it, each with its place, what it
was taken for, and counts that add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reporter.authoring.mapping_lint.mapping_columns import (
    Columns,
    Ids,
    claim_of,
    columns_of,
    is_word,
    shown_by,
    texts_of,
    unpivoted,
)
from reporter.authoring.mapping_lint.mapping_faults import (
    Claim,
    Facts,
    Pairs,
    label_of,
    pair_faults,
    read_facts,
    title_fault,
    titled,
    word_fault,
)
from reporter.authoring.mapping_lint.mapping_tables import Reading, Row, Table, read
from reporter.authoring.mapping_lint.references import (
    ID,
    NONE_NAMED,
    OUR_CHECKS,
    RETIRED,
    Fault,
    Lists,
    Reference,
    read_lists,
)
from reporter.content import loader
from reporter.content.crosswalks import CHECKS
from reporter.content.loader import Content
from reporter.content.packs import Pack
from reporter.errors import InputError
from reporter.privacy.secrets import redact

SHOWN = 200
"""Findings that are printed as text; all are in the JSON."""
TOLD = 8
"""Notes of one kind that are printed."""
QUOTED = 80
GENERIC = ("owasp", "nist", "iso", "iso iec", "eu", "csa", "mitre", "other", "custom", "internal")
"""Publishers, who have several lists, and words that name none."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, and where it is."""

    place: str
    """`file:line`, or the file and a JSON pointer."""
    column: str
    fault: Fault


@dataclass(slots=True)
class Result:
    """What a mapping was taken for, and what is wrong in it."""

    path: str
    format: str
    read: int = 0
    judged: int = 0
    elsewhere: int = 0
    """Rows that name no id of a list held here."""
    rejected: int = 0
    columns: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def text(self) -> list[str]:
        """Return the lines to print: findings, what was read and what was not, the counts."""
        lines = []
        for finding in self.findings[:SHOWN]:
            fault = finding.fault
            column = f" ({finding.column})" if finding.column else ""
            lines += [
                f"{finding.place}: {fault.kind}{column}: {fault.wrong}.",
                f"  Expected: {fault.expected}. {fault.advice}",
            ]
        if len(self.findings) > SHOWN:
            lines.append(f"... and {len(self.findings) - SHOWN} more; --json has all of them")
        lines += [*([""] if lines else []), *self.columns, *self.notes, self.counts()]
        kinds = Counter(f.fault.kind for f in self.findings)
        tally = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
        number = f"{len(self.findings)} finding{'s' if len(self.findings) > 1 else ''}"
        return [*lines, f"{number}: {tally}" if tally else "nothing found"]

    def counts(self) -> str:
        """Return the counts as an equation."""
        return (
            f"{self.read} rows read = {self.judged} judged + {self.elsewhere} without a known"
            f" framework + {self.rejected} rejected"
        )

    def data(self) -> dict[str, Any]:
        """Return the result as JSON has it."""
        return {
            "file": self.path,
            "format": self.format,
            "rows": {
                "read": self.read,
                "judged": self.judged,
                "without_known_framework": self.elsewhere,
                "rejected": self.rejected,
            },
            "columns": self.columns,
            "findings": [
                {
                    "place": f.place,
                    "column": f.column,
                    "kind": f.fault.kind,
                    "found": f.fault.found,
                    "wrong": f.fault.wrong,
                    "expected": f.fault.expected,
                    "advice": f.fault.advice,
                }
                for f in self.findings
            ],
            "notes": self.notes,
        }


def lint_mapping(path: Path, extra: tuple[Path, ...] = (), packs: tuple[Pack, ...] = ()) -> Result:
    """Hold a mapping against the official lists, the catalogs and the crosswalks.

    Raises InputError where the file cannot be read or holds no mapping.
    """
    return judge(path, loader.load(extra, packs, examples=False, lists=None))


def judge(path: Path, content: Content) -> Result:
    """Hold a mapping against content that is loaded.

    Raises InputError where the file cannot be read or holds no mapping.
    """
    lists = read_lists(content)

    def is_id(key: str) -> bool:
        return bool(lists.check(key)) or lists.looks_like_id(key)

    reading = read(path, is_id, lambda key: bool(claim_of(key)))
    return _Linter(path, lists, read_facts(content, lists)).run(reading)


@dataclass(slots=True)
class _Linter:
    path: Path
    lists: Lists
    facts: Facts
    _cells: dict[tuple[str, str, frozenset[str] | None, str], list[Reference]] = field(
        default_factory=dict
    )
    _pairs: Pairs = field(default_factory=Pairs)
    _unread: dict[str, Counter[str]] = field(default_factory=dict)
    """Why references are not judged -> which, and how often."""
    _titles: dict[tuple[str, str, str], Fault | None] = field(default_factory=dict)
    _clean: dict[str, str] = field(default_factory=dict)
    """Texts -> the same cut and without secrets."""
    _inherited: frozenset[str] = frozenset()
    _told: set[tuple[str, str]] = field(default_factory=set)
    """Faults of records around others, each of which is one however many are in it."""
    _words: Counter[str] = field(default_factory=Counter)
    """Numbers and marks in place of strengths."""
    _strange: dict[str, list[int]] = field(default_factory=dict)
    """Unknown words for strengths -> which finding says so, and how many rows have it."""

    def run(self, reading: Reading) -> Result:
        """Judge every table of a file."""
        result = Result(redact(str(self.path)), reading.format)
        result.rejected = len(reading.rejected)
        is_mapping = False
        for table in reading.tables:
            is_mapping |= self._table(table, result)
        self._count_words(result)
        result.read = result.judged + result.elsewhere + result.rejected
        if not is_mapping:
            reasons = dict.fromkeys(reason for _, reason in reading.rejected)
            lost = f"; {len(reading.rejected)} could not be read: {next(iter(reasons), '')}"
            raise InputError(
                f"holds no mapping: of {result.read} rows none is below a column of ids of a"
                f" list that is held here{_short(lost, 3 * QUOTED) if reasons else ''}",
                result.path,
                f"Held are {', '.join(sorted(set(self.lists.ids) - {CHECKS}))}; a mapping has two"
                " columns of ids, or one and a column of your own controls.",
            )
        result.notes = self._notes(reading)
        return result

    def _table(self, table: Table, result: Result) -> bool:
        """Judge one table; return whether it is a mapping."""
        matrix = unpivoted(table, self.lists)
        columns = columns_of(matrix, self.lists)
        places = {row.place for row in table.rows}
        own_headings = {i.heading for i in columns.all} - table.inherited
        if not columns.ids or not own_headings:
            result.elsewhere += len(places)
            if places:
                name = table.name or "the table"
                self._leave(name, "it has no column of ids", len(places))
            return False
        result.columns += self._said(table, columns)
        self._inherited = table.inherited
        judged, empty = set(), set()
        for row in matrix.rows:
            known, filled = self._row(row, columns, result)
            judged |= {row.place} if known else set()
            empty |= set() if filled else {row.place}
        empty -= judged
        result.judged += len(judged)
        result.rejected += len(empty)
        result.elsewhere += len(places - judged - empty)
        if empty:
            self._leave("a row", "it names no id", len(empty))
        return True

    def _said(self, table: Table, columns: Columns) -> Iterator[str]:
        name = f"{table.name}: " if table.name else ""
        for end in columns.all:
            lists = sorted(end.meant or end.votes)
            titles = ", ".join(self.lists.titles[i] for i in lists) or "ids"
            what = "your own controls" if end.own else titles
            beside = [f"titles in {end.title!r}" if end.title else ""]
            is_named = end.list_heading and end.meant != OUR_CHECKS
            beside.append(f"list in {end.list_heading!r}" if is_named else "")
            more = "".join(f", {b}" for b in beside if b)
            yield _short(f"{name}column {end.heading!r}: {what}{more}", 3 * QUOTED)
        ends = [e for e in columns.all if not e.above]
        if columns.strengths:
            yield f"{name}column {' or '.join(map(repr, columns.strengths))}: strength"
        elif len(ends) > 1:
            yield f"{name}no column says how strong a pair is; strengths are not judged"
        if len(ends) == 1:
            yield f"{name}one column of ids and nothing beside it: only ids and titles are judged"
        if columns.unread:
            yield _short(f"{name}not read: {', '.join(columns.unread)}", 3 * QUOTED)

    def _row(self, row: Row, columns: Columns, result: Result) -> tuple[bool, bool]:
        """Judge a row; return whether it names an id of a known list, and whether it names any."""
        ends: list[list[tuple[str, str]]] = []
        known = filled = False
        is_inner = all(c.heading in self._inherited for c in columns.ids)
        for column in columns.ids:
            references = self._references(row, column)
            filled |= bool(references)
            if is_inner or column.heading not in self._inherited:
                known |= any(r.list_id or r.fault for r in references)
            self._judge(row, column, references, result)
            if not column.above:
                ends.append([(r.list_id, r.id) for r in references if r.id])
        own = [
            [("", t.strip()) for t in texts_of(row.cells.get(c.heading)) if t.strip()]
            for c in columns.own
        ]
        if filled:
            self._claims(row, columns, ends, own, result)
        return known, filled

    def _claims(
        self,
        row: Row,
        columns: Columns,
        ends: list[list[tuple[str, str]]],
        own: list[list[tuple[str, str]]],
        result: Result,
    ) -> None:
        heading, words = next(
            ((h, w) for h in columns.strengths if (w := texts_of(row.cells.get(h)))), ("", [])
        )
        word = words[0].strip() if len(words) == 1 else ""
        claim = claim_of(word)
        if word and not claim:
            self._unknown_word(row, heading, _short(word, QUOTED), result)
        shows = next(map(shown_by, texts_of(row.cells.get(columns.shows))), "")
        paired = [c for c in columns.ids if not c.above]
        first = next((n for n, c in enumerate(paired) if c.meant == OUR_CHECKS), 0)
        others = [e for n, e in enumerate(ends) if n != first] if len(ends) > 1 else own
        beside = " ".join(t for cell in own for _, t in cell) if len(ends) > 1 else ""
        for other in others:
            for pair in ((a, b) for a in ends[first] for b in other):
                said = Claim(pair, claim, word, shows)
                twice = self._pairs.fault(said, beside, self._place(row))
                for fault in (*([twice] if twice else []), *pair_faults(said, self.facts)):
                    self._add(row, "", fault, result)

    def _unknown_word(self, row: Row, heading: str, word: str, result: Result) -> None:
        """Make one finding of a word, at its first place; numbers and marks are listed only."""
        if not is_word(word):
            self._words[word] += 1
        elif word in self._strange:
            self._strange[word][1] += 1
        else:
            self._strange[word] = [len(result.findings), 1]
            self._add(row, heading, word_fault(word), result)

    def _count_words(self, result: Result) -> None:
        for place, times in self._strange.values():
            if times > 1:
                finding = result.findings[place]
                wrong = f"{finding.fault.wrong} ({times} rows have it)"
                result.findings[place] = replace(finding, fault=replace(finding.fault, wrong=wrong))

    def _references(self, row: Row, column: Ids) -> list[Reference]:
        texts = texts_of(row.cells.get(column.heading))
        named = texts_of(row.cells.get(column.list_heading)) if column.list_heading else []
        name = " ".join(named)
        meant = self._meant(name, column)
        found: list[Reference] = []
        for text in texts:
            key = (column.heading, text, meant, name)
            if key not in self._cells:
                self._cells[key] = [
                    self.lists.refer(piece, title, meant, column.votes)
                    for piece, title in self.lists.pieces(text, meant or NONE_NAMED)
                ]
            found += self._cells[key]
        for reference in found:
            if reference.why:
                self._leave(reference.text, reference.why)
        return found

    def _leave(self, text: str, why: str, times: int = 1) -> None:
        self._unread.setdefault(why, Counter())[_short(text, 40)] += times

    def _meant(self, name: str, column: Ids) -> frozenset[str] | None:
        """Return the lists that a row names for a column: none of ours where it names another."""
        if not name or column.meant == OUR_CHECKS:
            return column.meant
        called = self.lists.called(name)
        if called:
            return called
        is_generic = " ".join(name.lower().replace("/", " ").split()) in GENERIC
        return column.meant if is_generic or "://" in name or name.startswith("#") else frozenset()

    def _judge(self, row: Row, column: Ids, references: list[Reference], result: Result) -> None:
        """Add what is wrong with the ids of a cell and with their titles."""
        titles = [t for t in texts_of(row.cells.get(column.title)) if t] if column.title else []
        for n, reference in enumerate(references):
            title = reference.title
            if not title and len(titles) == len(references):
                title = titles[n]
            if reference.fault:
                self._add(row, column.heading, self._with_hint(reference.fault, title), result)
            elif title and reference.list_id != CHECKS:
                fault = self._title_fault(reference, title)
                if fault:
                    self._add(row, column.title or column.heading, fault, result)

    def _title_fault(self, reference: Reference, title: str) -> Fault | None:
        key = (reference.list_id, reference.text, title)
        if key not in self._titles:
            self._titles[key] = title_fault(reference, title, self.facts)
        return self._titles[key]

    def _with_hint(self, fault: Fault, title: str) -> Fault:
        if label := label_of(fault.found, self.facts):
            return replace(fault, advice=label)
        meant = titled(title, self.facts) if title else ""
        if not meant or fault.kind not in (ID, RETIRED):
            return fault
        return replace(fault, advice=f"By its title it is {meant}.")

    def _add(self, row: Row, column: str, fault: Fault, result: Result) -> None:
        if column in self._inherited and (column, fault.wrong) in self._told:
            return
        self._told.add((column, fault.wrong))
        texts = (fault.found, fault.wrong, fault.expected, fault.advice)
        found, wrong, expected, advice = map(self._cleaned, texts)
        clean = Fault(fault.kind, found, wrong, expected, advice)
        result.findings.append(Finding(self._place(row), _short(column, QUOTED), clean))

    def _place(self, row: Row) -> str:
        pointer = row.place.startswith("#")
        path = self._cleaned(str(self.path))
        return f"{path}{self._cleaned(row.place)}" if pointer else f"{path}:{row.place}"

    def _cleaned(self, text: str) -> str:
        if text not in self._clean:
            self._clean[text] = redact(_short(text, 6 * QUOTED))
        return self._clean[text]

    def _notes(self, reading: Reading) -> list[str]:
        """Say what was not judged, and why."""
        reasons = Counter(reason for _, reason in reading.rejected)
        first = {reason: place for place, reason in reversed(reading.rejected)}
        notes = [f"note: {_short(n, 3 * QUOTED)}" for n in dict.fromkeys(reading.notes)]
        notes += _listed("rejected", {f"{r} (first at {first[r]})": n for r, n in reasons.items()})
        notes += _listed(
            "not judged", {_some(t, why): t.total() for why, t in self._unread.items()}
        )
        notes += _listed("no strength that is known", self._words)
        return [redact(n) for n in notes]


def _listed(what: str, counts: dict[str, int]) -> Iterator[str]:
    """Print counted reasons, the most frequent first."""
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    for text, n in order[:TOLD]:
        yield f"{what}: {_short(text, 3 * QUOTED)} ({n} times)" if n > 1 else f"{what}: {text}"
    if len(order) > TOLD:
        rest = sum(n for _, n in order[TOLD:])
        yield f"{what}: and {rest} more, for {len(order) - TOLD} other reasons or words"


def _some(texts: Counter[str], why: str) -> str:
    first = ", ".join(t for t, _ in texts.most_common(3))
    return f"{first}{' and others' if len(texts) > 3 else ''}: {why}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
