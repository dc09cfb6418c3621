"""Texts to ids of lists. In: a cell as somebody wrote it, and the lists that are meant. Out: the
ids it names, and what is wrong with those that do not exist.

All forms come from content: registers of official ids, and `lists`, `normalise` and `not_ours` of
crosswalks/aliases.yml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from reporter.content.crosswalks import CHECKS
from reporter.content.loader import Content

ID, RETIRED, MIXED = "wrong id", "retired id", "mixed-up id"
FEW = 12
"""Ids of a list that are told as first to last."""
LONGEST = 400
"""Characters of a cell that may hold ids: what is longer is prose."""
_NOTHING = re.compile(r"[-–—.?*]*|n/?a|none|null|nil|tbd|not applicable|k\.?a\.?", re.IGNORECASE)
_BREAK = re.compile(r"\s*[;|\n]\s*|\s*,\s+|,")
_BETWEEN = re.compile(r"\s*(?:[/+&,;|]|\band\b|\bor\b|\bund\b)\s*|\s+")
_RANGE = re.compile(r"\s*(?:[-–—]|\.\.+|to\b|through\b|until\b|bis\b)\s*(?=\S*\d)", re.IGNORECASE)
_TITLE = re.compile(r"\s*[-–—:.,(]?\s*(.*?)\)?\s*", re.DOTALL)
_YEAR = re.compile(r"[ :_-]+(20[0-9]{2})$")
_NUMBER = re.compile(r"[0-9]+")
_ID_NUMBER = re.compile(r"(?<![0-9])[0-9]{1,3}(?![0-9])")
_ANY = "\x00"
REMEMBERED = 1 << 16
"""Texts whose form is remembered."""

NONE_NAMED: frozenset[str] = frozenset()
OUR_CHECKS = frozenset({CHECKS})
"""What a column of Reporter's checks means."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one place."""

    kind: str
    found: str
    wrong: str
    """A sentence without its stop."""
    expected: str
    advice: str


@dataclass(frozen=True, slots=True)
class Reference:
    """One id as somebody wrote it."""

    text: str
    list_id: str = ""
    """The list that it is of, or should be of; '' where none that is held here."""
    id: str = ""
    """As the publisher writes it; '' where the list has no such id."""
    title: str = ""
    """What stands behind the id in the same cell."""
    fault: Fault | None = None
    why: str = ""
    """Why it is not judged, where it is of no list that is held."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How a list is written."""

    id: str
    named: re.Pattern[str]
    shaped: re.Pattern[str] | None
    """What an id looks like, where content says it."""
    shapes: frozenset[str]
    """Else its ids with a sign for every number."""
    unheld: re.Pattern[str] | None
    only_named: bool
    is_plain: bool
    """Whether its ids are told by their form alone, before anything names the list."""
    also: tuple[str, ...]
    entries: str
    lead: str
    """What its ids begin with here and people leave out where they name the list."""


@dataclass(slots=True)
class Lists:
    """Every list whose ids are held here, and the ways people write them."""

    titles: dict[str, str]
    """List -> its title."""
    ids: dict[str, dict[str, str]]
    """List -> id -> official title, '' where the publisher gives none."""
    forms: dict[str, _Form]
    _exact: dict[str, list[tuple[str, str]]]
    _rules: dict[str, list[tuple[re.Pattern[str], str]]]
    _years: dict[str, list[str]]
    """List -> the editions that its ids name."""
    _foreign: list[tuple[re.Pattern[str], str, str, str]]
    _prefix: re.Pattern[str]
    """Ids of lists, which OSCAL documents of ours put before the ids of controls."""
    _named: dict[str, frozenset[str]] = field(default_factory=dict)
    _looks: dict[str, tuple[list[str], bool]] = field(default_factory=dict)
    """Texts -> the lists that they look like, and whether they are known to be of another."""

    def called(self, text: str) -> frozenset[str]:
        """Return the lists that a heading or a cell names; none where it names no list held."""
        if text not in self._named:
            plain = re.sub(r"[\s_-]+", " ", text[:LONGEST]).strip().lower()
            found = {f.id for f in self.forms.values() if f.named.search(plain)}
            also = {a for i in found for a in self.forms[i].also}
            self._named[text] = frozenset(found | also)
        return self._named[text]

    def entries(self, list_id: str) -> str:
        """Return what the entries of a list are (risk, control ...); '' where nobody said it."""
        return self.forms[list_id].entries if list_id in self.forms else ""

    def known(self, text: str, list_id: str) -> str:
        """Return the id of a list that a text stands for; '' where it stands for none."""
        plain = self._bare(text)
        lead = self.forms[list_id].lead if list_id in self.forms else ""
        for candidate in (plain, _YEAR.sub(r":\1", plain), *([lead + plain] if lead else [])):
            for owner, own_id in self._exact.get(candidate.lower(), ()):
                if owner == list_id:
                    return own_id
            for pattern, to in self._rules.get(list_id, ()):
                if match := pattern.fullmatch(candidate):
                    own_id = self._canonical(match.expand(to), list_id)
                    if own_id:
                        return own_id
        return ""

    def _canonical(self, text: str, list_id: str) -> str:
        return next((i for o, i in self._exact.get(text.lower(), ()) if o == list_id), "")

    def check(self, text: str) -> str:
        """Return the id of the check of ours that a text is; '' where it is none."""
        own_id = self._bare(text).upper()
        return own_id if own_id in self.ids[CHECKS] else ""

    def _bare(self, text: str) -> str:
        return self._prefix.sub("", _plain(text), count=1)

    def candidates(self, text: str) -> list[str]:
        """Return the lists whose ids look like a text, right or wrong."""
        return self._look(text)[0]

    def _look(self, text: str) -> tuple[list[str], bool]:
        """Look at a text once, however many rows have it; of very many the first are forgotten."""
        if text not in self._looks:
            if len(self._looks) >= REMEMBERED:
                self._looks.clear()
            self._looks[text] = self._like(text), bool(self.foreign(text)[0])
        return self._looks[text]

    def _like(self, text: str) -> list[str]:
        plain = self._bare(text)
        if len(plain) > LONGEST:
            return []
        shape = _shape(plain)
        owners = [o for o, _ in self._exact.get(plain.lower(), ())]
        shaped = [
            form.id
            for form in self.forms.values()
            if (form.shaped.fullmatch(plain) if form.shaped else shape in form.shapes)
        ]
        return list(dict.fromkeys([*owners, *shaped]))

    def foreign(self, text: str, beside: Iterable[str] = ()) -> tuple[str, str]:
        """Return to what else a text belongs, beside ids of some lists, with a sentence; ('', '')
        where nobody knows.
        """
        plain = self._bare(text)
        for pattern, belongs_to, sentence, only_beside in self._foreign:
            if pattern.fullmatch(plain) and (not only_beside or only_beside in beside):
                return belongs_to, sentence
        return "", ""

    def looks_like_id(self, text: str, named: frozenset[str] = NONE_NAMED) -> bool:
        """Tell whether a text is an id of some list by its form: of one whose form nothing else
        has, or one that is named.
        """
        lists, is_foreign = self._look(text)
        return is_foreign or any(self.forms[i].is_plain or i in named for i in lists)

    def pieces(self, text: str, named: frozenset[str] = NONE_NAMED) -> list[tuple[str, str]]:
        """Cut a cell into ids with the titles behind them; a text without an id is one piece."""
        text = text.strip()
        if _NOTHING.fullmatch(text) or len(text) > LONGEST:
            return [] if _NOTHING.fullmatch(text) else [(text, "")]
        if self.looks_like_id(text, named):
            return [(text, "")]
        parts = [p for p in _BREAK.split(text) if p]
        if len(parts) > 1 and all(self._leading(p, named) for p in parts):
            return [piece for part in parts for piece in self._led(part, named)]
        return self._led(text, named)

    def _led(self, text: str, named: frozenset[str]) -> list[tuple[str, str]]:
        """Cut a text that begins or ends with an id, or holds several without titles."""
        if self.looks_like_id(text, named):
            return [(text, "")]
        first = self._leading(text, named)
        if not first:
            behind = re.fullmatch(r"(.*\S)\s*[(\[]([^()\[\]]+)[)\]]", text, re.DOTALL)
            if behind and self.looks_like_id(behind[2], named):
                return [(behind[2], behind[1])]
            return [(text, "")]
        rest = text[len(first) :]
        if _RANGE.match(rest):
            return [(text, "")]
        between = _BETWEEN.match(rest)
        if between and self._leading(rest[between.end() :], named):
            return [(first, ""), *self._led(rest[between.end() :], named)]
        title = _TITLE.fullmatch(rest)
        return [(first, title[1] if title else "")]

    def _leading(self, text: str, named: frozenset[str]) -> str:
        """Return the longest id that a text begins with; '' where it begins with none."""
        ends = {m.end() for m in re.finditer(r"(?<=[\w)])(?![\w.])", text[:60])}
        ends |= {m.start() for m in re.finditer(r"\.?(?:\s|$)", text[:60])}
        for end in sorted(ends, reverse=True):
            start = text[:end]  # `Map risks` is not an id, though MAP alone is one
            is_numbered = re.search("[0-9.]", start) and start[-1] not in ".,;:"
            if is_numbered and self.looks_like_id(start, named):
                return start
        return ""

    def refer(
        self, text: str, title: str, meant: frozenset[str] | None, votes: Mapping[str, int]
    ) -> Reference:
        """Say which id a piece names. `meant`: the lists that the file names for it, none of ours
        where empty, None where it names none; `votes`: how often ids of each list stand beside it.
        """
        reference = Reference(text, title=title)
        if meant == OUR_CHECKS:
            return self._check(reference)
        belongs_to, sentence = self.foreign(text, {*(meant or ()), *votes})
        if meant is not None and not meant:
            return replace(reference, why="the framework that the file names is not held here")
        yearly = self._with_year(text, meant)
        if yearly:
            return replace(reference, list_id=yearly[0], id=yearly[1])
        if belongs_to and (meant is None or not self._any_known(text, meant)):
            list_id = self._main(meant or votes, votes)
            advice = "Replace it with the id that is meant."
            fault = Fault(
                RETIRED, text, f"{text!r}: {sentence}", self._instead(text, list_id), advice
            )
            return replace(reference, list_id=list_id, fault=fault)
        lists = [i for i in self.candidates(text) if meant is None or i in meant]
        found = {i: own_id for i in lists if (own_id := self.known(text, i))}
        if meant is None:
            # `Article 9` is not of the one list that has a plain form where others have it too
            is_shared = any(self.forms[i].only_named for i in lists)
            kept = {i for i in lists if not is_shared or i in self.called(text)}
            if lists and not kept:
                names = " or ".join(self.titles[i] for i in lists)
                return replace(reference, why=f"it may be of {names} or of another list")
            found = {i: own_id for i, own_id in found.items() if i in kept}
            lists = [i for i in lists if i in kept]
        list_id = _voted(found or dict.fromkeys(lists, ""), votes)
        if list_id and list_id in found:
            return replace(reference, list_id=list_id, id=found[list_id])
        if list_id or meant:
            return self._wrong(reference, list_id or self._main(meant or (), votes), meant)
        return replace(reference, why="it has the form of no list that is held here")

    def _check(self, reference: Reference) -> Reference:
        """Resolve a check of ours."""
        text, ids = reference.text.upper(), self.ids[CHECKS]
        if own_id := self.check(text):
            return replace(reference, list_id=CHECKS, id=own_id)
        close = get_close_matches(text, list(ids), 1, 0.6)
        advice = (
            f"Did you mean {close[0]} {ids[close[0]]}?" if close else "Take it from `checks.md`."
        )
        wrong = f"{reference.text!r} is not a check of Reporter"
        fault = Fault(ID, reference.text, wrong, f"one of its {len(ids)} checks", advice)
        return replace(reference, list_id=CHECKS, fault=fault)

    def _main(self, some: Iterable[str], votes: Mapping[str, int]) -> str:
        """Return the list that most ids beside are of, and of several the one that has parts."""
        lists = sorted(i for i in some if i in self.forms)
        return max(lists, key=lambda i: (votes.get(i, 0), bool(self.forms[i].also)), default="")

    def _instead(self, text: str, list_id: str) -> str:
        """Say which ids a retired one may stand for: those of its editions, else of the list."""
        years = [(i, self._of_year(text, i)) for i in sorted(self.ids) if i in self.forms]
        editions = " or ".join(own_id for _, own_id in years if own_id)
        return editions or (self.family("", list_id) if list_id else "an id of an edition of today")

    def _any_known(self, text: str, meant: Iterable[str]) -> bool:
        return any(self.known(text, i) for i in meant)

    def _with_year(self, text: str, meant: frozenset[str] | None) -> tuple[str, str] | None:
        """Resolve an id without its edition where the file names the edition."""
        for list_id in sorted(meant or ()):
            for year in self._years.get(list_id, ()):
                if own_id := self.known(f"{text}:{year}", list_id):
                    return list_id, own_id
        return None

    def _wrong(self, reference: Reference, list_id: str, meant: frozenset[str] | None) -> Reference:
        """Say what is wrong with a text that is not an id of the list it should be of."""
        text = reference.text
        form = self.forms[list_id]
        if form.unheld and form.unheld.fullmatch(self._bare(text).lower()):
            return replace(reference, why=f"this part of {self.titles[list_id]} is not held here")
        name = self.titles[list_id]
        expected = self.family(self._leading(text, frozenset({list_id})) or text, list_id)
        others = [i for i in self.candidates(text) if i != list_id and self.known(text, i)]
        if others and meant is not None:
            wrong = f"{text!r} is an id of {self.titles[others[0]]}, not of {name}"
            fault = Fault(MIXED, text, wrong, expected, "Correct the id, or the list beside it.")
            return replace(reference, list_id=list_id, fault=fault)
        without_year = _YEAR.sub("", self._bare(text))
        year = _YEAR.search(self._bare(text))
        if year and (own_id := self.known(without_year, list_id) or self._of_year(text, list_id)):
            wrong = f"{text!r} names an edition {year[1]} that is not {name}"
            advice = f"Look up what {own_id} is in {name}; numbers of drafts and editions differ."
            fault = Fault(RETIRED, text, wrong, own_id, advice)
            return replace(reference, list_id=list_id, fault=fault)
        if not any(c.isdigit() for c in text) and not self.candidates(text):
            if get_close_matches(text.lower(), map(str.lower, self.ids[list_id].values()), 1, 0.8):
                advice = "Give the id beside the title."
            else:
                return replace(reference, why=f"it has not the form of an id of {name}")
        else:
            advice = self._nearest(reference, list_id)
        fault = Fault(ID, text, f"{text!r} is not an id of {name}", expected, advice)
        return replace(reference, list_id=list_id, fault=fault)

    def _of_year(self, text: str, list_id: str) -> str:
        found = self._with_year(_YEAR.sub("", self._bare(text)), frozenset({list_id}))
        return found[1] if found else ""

    def _nearest(self, reference: Reference, list_id: str) -> str:
        text = reference.text
        if len(_NUMBER.findall(text)) > 1 and self._leading(text, frozenset({list_id})) not in (
            "",
            text,
        ):
            return "Write each id out; a range or a text around ids is not read."
        if list_id in self.candidates(text):  # a number too high: the next one is no better guess
            return "Take the id from the publisher's list."
        close = get_close_matches(self._bare(text).upper(), list(self.ids[list_id]), 1, 0.75)
        return f"Did you mean {close[0]}?" if close else "Take the id from the publisher's list."

    def family(self, text: str, list_id: str) -> str:
        """Say which ids of a list stand where a wrong one points to, from first to last."""
        ids = list(self.ids[list_id])
        numbers = list(_NUMBER.finditer(self._bare(text)))
        for some in (numbers[-1:], numbers):
            sample = self._bare(text)
            for number in reversed(some):
                sample = f"{sample[: number.start()]}1{sample[number.end() :]}"
            own_id = self.known(sample, list_id)
            stem = _NUMBER.split(own_id)[0] if some is numbers else own_id.rpartition(".")[0]
            family = [
                i for i in ids if stem and i.startswith(f"{stem}{'' if some is numbers else '.'}")
            ]
            if family and own_id:
                return f"{family[0]} to {family[-1]}"
        if len(ids) <= FEW:
            return f"{ids[0]} to {ids[-1]}"
        return f"an id of {self.titles[list_id]}"


def read_lists(content: Content) -> Lists:
    """Lay the registers, catalogs and written forms of content together."""
    official = content.official
    ids = {name: dict(register["ids"]) for name, register in official.items()}
    titles = {name: str(register["title"]) for name, register in official.items()}
    for framework in content.frameworks:
        if framework.id not in ids:  # a catalog of one's own: its titles are the publisher's
            ids[framework.id] = {c.id: c.title for c in framework.controls}
            titles[framework.id] = framework.title
    rows = {row["list"]: row for row in content.aliases["lists"]}
    checks = {c.id: c.title for c in content.checks}
    exact: dict[str, list[tuple[str, str]]] = {}
    for name, own in ids.items():
        for own_id in own:
            exact.setdefault(own_id.lower(), []).append((name, own_id))
    flags = re.IGNORECASE
    rules: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for r in content.aliases["normalise"]:
        rules.setdefault(r["framework"], []).append((re.compile(r["pattern"], flags), r["to"]))
    return Lists(
        {**titles, CHECKS: "Reporter's checks"},
        {**ids, CHECKS: checks},
        {name: _form(name, titles[name], own, rows.get(name, {})) for name, own in ids.items()},
        exact,
        rules,
        {n: sorted({m[1] for i in own if (m := _YEAR.search(i))}) for n, own in ids.items()},
        [
            (
                re.compile(r["pattern"], flags),
                r["belongs_to"],
                " ".join(r["sentence"].split()).rstrip("."),
                r.get("beside", ""),
            )
            for r in content.aliases["not_ours"]
        ],
        re.compile(f"^(?:{'|'.join(map(re.escape, sorted((*ids, CHECKS), key=len)))})-", flags),
    )


def _form(name: str, title: str, ids: Iterable[str], row: Mapping[str, Any]) -> _Form:
    named = row.get("named") or "|".join(
        re.escape(re.sub(r"[\s_-]+", " ", text).lower()) for text in (name, title)
    )
    shaped = re.compile(row["shaped"], re.IGNORECASE) if "shaped" in row else None
    return _Form(
        name,
        re.compile(named),
        shaped,
        frozenset(_NUMBER.sub(_ANY, own_id.lower()) for own_id in ids),
        re.compile(row["unheld"]) if "unheld" in row else None,
        bool(row.get("only_named", not row)),
        bool(row),
        tuple(row.get("also", ())),
        str(row.get("entries", "")),
        str(row.get("lead", "")),
    )


def _shape(text: str) -> str:
    """Return a text with a sign for every number that an id of a list may have."""
    return _ID_NUMBER.sub(_ANY, text.lower())


def _plain(text: str) -> str:
    """Return a text without what people and OSCAL put around an id."""
    text = " ".join(text.split()).strip(" .,;:\"'`[]{}<>")
    if text.lower().startswith("urn:"):
        text = text.rpartition(":")[2]
    return text.rpartition("#")[2].replace("_", "-") if "#" in text or "_" in text else text


def _voted(found: Mapping[str, str], votes: Mapping[str, int]) -> str:
    """Return the list among several that most ids beside are of; '' where that is not clear."""
    if len(found) < 2:
        return next(iter(found), "")
    order = sorted(found, key=lambda i: -votes.get(i, 0))
    return order[0] if votes.get(order[0], 0) > votes.get(order[1], 0) else ""
