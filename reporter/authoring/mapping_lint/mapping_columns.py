"""What each column of a mapping is. In: a table. Out: its columns of ids, each with the columns of
their titles and lists, and those of own controls, strengths and kinds of evidence.

Headings say it where they do, else the cells; what neither says is not read, and that is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from unicodedata import normalize

from reporter.authoring.mapping_lint.mapping_tables import STRENGTH, Cell, Row, Table
from reporter.authoring.mapping_lint.references import OUR_CHECKS, Lists
from reporter.content.crosswalks import CHECKS

SAMPLE = 2000
"""Different cells of a column that are looked at."""
HALF, FIFTH = 50, 20
"""Percent of the cells that must be ids: of any column, of one whose heading says that it is."""
SURE = 3
"""Different ids, all of them ours, from which a column is taken for our checks."""
TITLE_WORDS = 14
STRENGTH_WORDS = 4
EQUAL, DIRECT, WEAK, NONE = "equal", "direct", "weak", "none"
STRENGTHS = {
    EQUAL: (
        "equal|equals|equal to|is equal to|equivalent|equivalent to|is equivalent to|identical"
        "|identical to|exact|exact match|exactmatch|same|same as|1:1|1 to 1|one to one|=|==|≡"
        "|gleich|identisch|gleichwertig|äquivalent|deckungsgleich"
    ),
    DIRECT: (
        "direct|directly|direct match|direct mapping|full|fully|full match|complete|strong"
        "|satisfies|fulfils|fulfills|direkt|unmittelbar|vollständig|voll|stark|erfüllt"
    ),
    WEAK: (
        "partial|partially|partly|indirect|indirectly|contextual|context|related|related to|weak"
        "|moderate|medium|low|loose|supporting|supports|informative|contributes|secondary|primary"
        "|high|intersect|intersects|intersects with|intersection|overlap|overlaps|subset|subset of"
        "|superset|superset of|broader|narrower|broad match|narrow match|close match|related match"
        "|teilweise|teils|partiell|indirekt|mittelbar|kontextuell|verwandt|schwach|mittel|gering"
        "|niedrig|hoch|unterstützend|ergänzend|sekundär|primär|überschneidet|überschneidung"
        "|überlappt|überlappung|teilmenge|obermenge|enger|weiter"
    ),
    NONE: (
        "none|no|no relationship|not related|not related to|no relation|unrelated|drop|no match"
        "|kein|keine|nein|keine beziehung|kein bezug|ohne bezug|nicht verwandt"
    ),
}
"""What a word for a strength or a relation claims: that two are one, that the one by itself shows
the other, less, or nothing."""
_CLAIMS = {word: claim for claim, words in STRENGTHS.items() for word in words.split("|")}
_SHOWS = {
    "design": "design", "designed": "design", "design effectiveness": "design",
    "existence": "existence", "implementation": "existence", "implemented": "existence",
    "operation": "operation", "operating": "operation", "operational": "operation",
    "operating effectiveness": "operation", "operation effectiveness": "operation",
    "ausgestaltung": "design", "angemessenheit": "design",
    "vorhandensein": "existence", "umsetzung": "existence", "umgesetzt": "existence",
    "betrieb": "operation", "wirksamkeit": "operation",
}  # fmt: skip
_NO_WORD = re.compile(r".*[0-9%].*|.|(?:\W.*)?|yes|ja|true|wahr|n/?a|tbd|not applicable|null|nil")
"""Marks of a matrix, scales of others and empty cells: nothing that should be a known word."""
_GERMAN_CONTROLS = (
    r"\w*kontrollen?|\w*anforderung(?:en)?|\w*ma(?:ß|ss)nahmen?|\w*prüfung(?:en)?|\w*regeln?"
    r"|\w*richtlinien?"
)
_PROSE = re.compile(
    r"\b(?:notes?|comments?|rationales?|reasons?|why|descriptions?|remarks?|texts?|evidences?"
    r"|guidances?|summary|urls?|links?|details?|explanations?|anmerkung(?:en)?|bemerkung(?:en)?"
    r"|begründung(?:en)?|kommentare?|beschreibung(?:en)?|erläuterung(?:en)?|hinweise?|nachweise?"
    r"|zusammenfassung)\b"
)
_TITLE = re.compile(
    r"\b(?:titles?|names?|labels?|names? of|heading|\w*titel|namen?|\w*bezeichnung(?:en)?)\b"
)
_LIST = re.compile(
    r"\b(?:frameworks?|standards?|catalogs?|catalogues?|regulations?|lists?|publications?|from|to"
    r"|documents?|source list|laws?|rahmenwerke?|regelwerke?|norm(?:en)?|kataloge?"
    r"|verordnung(?:en)?|gesetze?|dokumente?|von|nach)\b"
)
_STRENGTH = re.compile(
    r"\b(?:strengths?|relations?|relationships?|coverage|match|mapping type|type of mapping|degree"
    r"|claims?|equivalence|\w*stärken?|\w*beziehung(?:en)?|\w*abdeckung|deckungsgrad"
    r"|übereinstimmung|art der zuordnung|zuordnungsart)\b"
)
_STRENGTH_ALONE = re.compile(
    r"(?:.* )?(?:strengths?|relations?|relationships?|\w*stärken?|\w*beziehung(?:en)?)"
)
_NO_STRENGTH = re.compile(
    r"\b(?:confidence|severity|priority|risk|impact|likelihood|level|maturity|tier|status|scope"
    r"|vertrauen|schweregrad|priorität|risiko|auswirkung|wahrscheinlichkeit|stufe|reifegrad|umfang)\b"
)
_ID = re.compile(
    r"\b(?:ids?|identifiers?|refs?|references?|controls?|checks?|rules?|polic(?:y|ies)|tests?"
    r"|requirements?|mitigations?|risks?|entr(?:y|ies)|codes?|numbers?|subcategor(?:y|ies)|source"
    r"|targets?|key|maps? to|mapped to|mappings?|from|to|kennung(?:en)?|referenz(?:en)?|nr|quelle"
    r"|ziel|\w*nummern?|schlüssel|zuordnung(?:en)?|risik(?:o|en)|einträge?|eintrag|von|nach"
    rf"|{_GERMAN_CONTROLS})\b"
)
_GROUP = re.compile(
    r"\b(?:groups?|categor(?:y|ies)|functions?|famil(?:y|ies)|parents?|sections?|domains?|pillars?"
    r"|gruppen?|kategorien?|funktion(?:en)?|familien?|abschnitte?|bereiche?|domänen?)\b"
)
_OWN = re.compile(
    r"\b(?:controls?|checks?|rules?|polic(?:y|ies)|tests?|requirements?|mitigations?|detections?"
    r"|capabilit(?:y|ies)|features?|products?|ids?|measures?|procedures?|verfahren"
    rf"|{_GERMAN_CONTROLS})\b"
)


@dataclass(slots=True)
class Ids:
    """A column of ids, or of own controls."""

    heading: str
    title: str = ""
    """Heading of the column that has the titles; '' for none."""
    list_heading: str = ""
    """Heading of the column that names the list; '' for none."""
    meant: frozenset[str] | None = None
    """The lists that its own heading names; None where it names none."""
    votes: Mapping[str, int] = field(default_factory=dict)
    """How many different cells are ids of each list."""
    own: bool = False
    """Whether it holds controls of the writer's own."""
    above: bool = False
    """Whether it holds the groups that the ids of another column are in."""


@dataclass(slots=True)
class Columns:
    """What the columns of one table are."""

    ids: list[Ids]
    own: list[Ids]
    strengths: list[str] = field(default_factory=list)
    """The innermost first: what a record says goes before what is said around it."""
    shows: str = ""
    unread: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[Ids]:
        """All columns that are judged, ids first."""
        return [*self.ids, *self.own]


@lru_cache(1 << 12)
def claim_of(text: str) -> str:
    """Return what a word for a strength claims; '' where it is no such word."""
    return _CLAIMS.get(_words(text), "")


@lru_cache(1 << 12)
def shown_by(text: str) -> str:
    """Return design, existence or operation; '' where a text says none of them."""
    return _SHOWS.get(_words(text), "")


def is_word(text: str) -> bool:
    """Tell whether a text reads as a word for a strength: no number, mark or prose."""
    plain = _words(text)
    return len(plain.split()) <= STRENGTH_WORDS and not _NO_WORD.fullmatch(plain)


def nearest_word(text: str) -> str:
    """Return the known word for a strength that a text is nearly; '' where it is like none."""
    return next(iter(get_close_matches(_words(text), _CLAIMS, 1, 0.75)), "")


def texts_of(cell: Cell | None) -> list[str]:
    """Return the texts of a cell."""
    return cell if isinstance(cell, list) else [cell] if cell else []


def _words(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", normalize("NFC", text)).strip(" .()").lower()


def _heading(text: str) -> str:
    """Return a heading as words: `sourceTitle`, `source.title` and `SOURCE_TITLE` are the same."""
    split = re.sub(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])", " ", normalize("NFC", text))
    return re.sub(r"[\s_./:#-]+", " ", split).strip().lower()


def unpivoted(table: Table, lists: Lists) -> Table:
    """Return a matrix (ids down, ids across) as a table of pairs; any other table as it is."""
    headings = table.headings
    across = [h for h in headings if lists.looks_like_id(h) and lists.pieces(h)]
    if len(across) < 2 or len(across) == len(headings):
        return table
    kept = [h for h in headings if h not in across]
    rows = []
    for row in table.rows:
        base = {h: c for h, c in row.cells.items() if h in kept}
        for heading in across:
            if cell := row.cells.get(heading):
                text = "; ".join(texts_of(cell))
                rows.append(Row(row.place, {**base, "across": heading, STRENGTH: text}))
        if not any(row.cells.get(h) for h in across):
            rows.append(Row(row.place, base))
    return replace(table, rows=rows)


def columns_of(table: Table, lists: Lists) -> Columns:
    """Say what the columns of a table are."""
    headings = table.headings
    values = {h: _distinct(table.rows, h) for h in headings}
    result = Columns([], [])
    rest = []
    for heading in headings:
        plain = _heading(heading)
        if _is_strength(plain, values[heading]):
            result.strengths.append(heading)
        elif _share(values[heading], shown_by) >= HALF and not result.shows:
            result.shows = heading
        elif not _PROSE.search(plain) and (ids := _ids(heading, plain, values[heading], lists)):
            result.ids.append(ids)
        else:
            rest.append(heading)
    list_headings = [h for h in rest if _names_lists(_heading(h), values[h], lists)]
    titles = [h for h in rest if h not in list_headings and _is_title(h, values[h], result, lists)]
    own = [
        h
        for h in rest
        if h not in (*list_headings, *titles)
        and _OWN.search(_heading(h.rpartition(".")[2]))
        and not _PROSE.search(_heading(h))
        and not _are_long(values[h])
        and (h not in table.inherited or len(values[h]) > 1)
    ]
    result.strengths.sort(key=lambda h: -h.count("."))
    for column in result.ids:
        column.above = bool(_GROUP.search(_heading(column.heading.rpartition(".")[2]))) and any(
            set(column.votes) & set(c.votes) for c in result.ids if c is not column
        )
    result.own = [Ids(h, own=True) for h in own[: 1 if result.ids else 0]]
    _pair(list_headings, result.ids, headings, "list_heading")
    _pair(titles, result.all, headings, "title")
    used = {*result.strengths, result.shows}
    used |= {n for i in result.all for n in (i.heading, i.title, i.list_heading)}
    result.unread = [h for h in headings if h not in used]
    return result


def _distinct(rows: Iterable[Row], heading: str) -> list[str]:
    """Return the different texts below a heading, the first of them."""
    texts: dict[str, None] = {}
    for row in rows:
        texts.update((t.strip(), None) for t in texts_of(row.cells.get(heading)) if t.strip())
        if len(texts) >= SAMPLE:
            break
    return list(islice(texts, SAMPLE))


def _share(values: Collection[str], holds: Callable[[str], object]) -> int:
    """Return the percent of texts of which something holds."""
    return 100 * sum(bool(holds(v)) for v in values) // len(values) if values else 0


def _is_strength(plain: str, values: Collection[str]) -> bool:
    if _NO_STRENGTH.search(plain):
        return False
    share = _share(values, claim_of)
    says = bool(_STRENGTH.search(plain)) or plain.rpartition(" ")[2] == STRENGTH
    if says and not any(map(claim_of, values)):
        return bool(values and _STRENGTH_ALONE.fullmatch(plain)) and all(map(is_word, values))
    return says or share >= 60


def _ids(heading: str, plain: str, values: Sequence[str], lists: Lists) -> Ids | None:
    """Return a column as one of ids; None where its cells are none."""
    ours = sum(bool(lists.check(v)) for v in values)
    if "reporter" in plain.split() or (SURE <= ours == len(values)):
        return Ids(heading, meant=OUR_CHECKS, votes={CHECKS: ours})
    meant = lists.called(plain)
    votes: Counter[str] = Counter()
    forms: set[str] = set()
    shaped = 0
    for value in values:
        pieces = [
            text
            for text, title in lists.pieces(value, meant)
            if lists.looks_like_id(text, meant) and len(title.split()) <= TITLE_WORDS
        ]
        shaped += bool(pieces)
        candidates = [(text, i) for text in pieces for i in lists.candidates(text)]
        forms.update(i for _, i in candidates)
        votes.update(i for text, i in candidates if lists.known(text, i))
    least = 1 if _ID.search(plain) else FIFTH if meant else HALF
    if not shaped or 100 * shaped < least * len(values):
        return None
    return Ids(heading, meant=(meant if meant & forms else None), votes=votes)


def _names_lists(plain: str, values: Collection[str], lists: Lists) -> bool:
    says = bool(_LIST.search(plain))
    share = _share(values, lists.called)
    return share >= (1 if says else HALF)


def _is_title(heading: str, values: Sequence[str], columns: Columns, lists: Lists) -> bool:
    """Tell whether a column has titles: its heading says so, or its cells are official ones."""
    plain = _heading(heading)
    if _PROSE.search(plain) or not values:
        return False
    if _are_long(values):
        return False
    official = {
        t.lower() for i in columns.ids for n in (i.meant or i.votes) for t in lists.ids[n].values()
    }
    return bool(_TITLE.search(plain)) or _share(values, lambda v: v.lower() in official) >= HALF


def _are_long(values: Sequence[str]) -> bool:
    return sum(len(v.split()) > TITLE_WORDS for v in values) * 2 > len(values)


def _pair(extra: Sequence[str], ends: Sequence[Ids], headings: Sequence[str], what: str) -> None:
    """Give each title or list to the ids it stands beside: those whose heading shares its words,
    else the nearest; a list stands before its ids, a title behind them.
    """

    def distance(heading: str, end: Ids) -> int:
        steps = headings.index(heading) - headings.index(end.heading)
        steps = steps if what == "title" else -steps
        return steps if steps > 0 else 1000 - steps

    pairs = [
        (-_shared(h, e.heading), distance(h, e), h, n) for h in extra for n, e in enumerate(ends)
    ]
    used: set[str] = set()
    for shared, steps, heading, n in sorted(pairs):
        fits = what != "title" or -shared > 1 or steps <= 2
        if fits and heading not in used and not getattr(ends[n], what):
            setattr(ends[n], what, heading)
            used.add(heading)


def _shared(one: str, other: str) -> int:
    """Return how far two headings are of one thing: the record they are in, and their words."""
    path, own = one.rpartition(".")[::2]
    other_path, other_own = other.rpartition(".")[::2]
    same = len(set(_heading(own).split()) & set(_heading(other_own).split()))
    if path == other_path:
        return 2 * same + 1
    return 2 if _heading(own) == _heading(other_own) else 0  # `from` around, `maps.from` inside
