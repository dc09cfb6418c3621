"""What is wrong in the pairs of a mapping. In: titles, pairs and what they claim. Out: faults.

A claim is held against the catalogs (what a check shows of a control) and the crosswalks that are
held here; nothing is said of lists that no crosswalk joins, but that a risk equals no control.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reporter.authoring.mapping_lint.mapping_columns import DIRECT, EQUAL, nearest_word
from reporter.authoring.mapping_lint.references import MIXED, Fault, Lists, Reference
from reporter.content.crosswalks import CHECKS
from reporter.content.loader import Content
from reporter.model.crosswalk import Crosswalk

TITLE, TWICE, STRENGTH, KIND = "wrong title", "duplicate", "strength", "design and operation"
_BACK = {"subset": "superset", "superset": "subset"}
Pair = tuple[tuple[str, str], tuple[str, str]]
"""Two ends, each a list and an id."""


@dataclass(slots=True)
class Facts:
    """What the content says of ids and pairs."""

    lists: Lists
    wrong_titles: dict[str, dict[str, str]]
    """List -> `id: title` that public material got wrong -> what is right."""
    by_title: dict[str, list[tuple[str, str]]]
    labels: dict[str, str]
    """A wrong label as people print it, in words -> what is said of it."""
    mapped: dict[tuple[str, str], dict[str, tuple[str, str]]]
    """Control -> check -> strength, and why."""
    documented: set[tuple[str, str]]
    operated: set[tuple[str, str]]
    """Controls of which every check that counts shows operation."""
    shows: dict[str, str]
    reviewed: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Two lists -> the crosswalks between them, as prose names them, where one of them is of our
    own reading."""
    relations: dict[Pair, tuple[str, str]] = field(default_factory=dict)
    """Pair -> relation, and the crosswalk that says it, as prose names it."""


def read_facts(content: Content, lists: Lists) -> Facts:
    """Lay out what catalogs, crosswalks, registers and aliases say."""
    shows = {c.id: c.shows for c in content.checks}
    controls = [(f.id, c) for f in content.frameworks for c in f.controls]
    by_title: dict[str, list[tuple[str, str]]] = {}
    official = [(n, i, t) for n, ids in lists.ids.items() for i, t in ids.items()]
    ours = [(n, c.id, c.title) for n, c in controls if not lists.ids[n].get(c.id)]
    for name, own_id, title in (*official, *ours):
        if title and name != CHECKS:
            by_title.setdefault(_same(title), []).append((name, own_id))
    counted = {
        (n, c.id): {shows[i] for i, s in c.checks if s != "contextual" and i in shows}
        for n, c in controls
    }
    facts = Facts(
        lists,
        {n: dict(r.get("wrong_titles", {})) for n, r in content.official.items()},
        by_title,
        {_same(a["given"]): " ".join(a["note"].split()) for a in content.aliases["aliases"]},
        {(n, c.id): {i: (s, c.whys.get(i, "")) for i, s in c.checks} for n, c in controls},
        {(n, c.id) for n, c in controls if c.documented},
        {key for key, kinds in counted.items() if kinds == {"operation"}},
        shows,
    )
    for walk in content.crosswalks:
        for row in walk.rows:
            back = _BACK.get(row.relation, row.relation)
            for origin, target in ((o, t) for o in row.origins for t in row.targets):
                left, right = (walk.origin, origin), (walk.target, target)
                facts.relations[left, right] = row.relation, _named(walk)
                facts.relations[right, left] = back, _named(walk)
    for walk in content.crosswalks:
        ends = {walk.origin, walk.target}
        between = [w for w in content.crosswalks if {w.origin, w.target} == ends]
        if any(w.basis != "published" for w in between):
            names = [_named(w) for w in between]
            facts.reviewed[walk.origin, walk.target] = names
            facts.reviewed[walk.target, walk.origin] = names
    return facts


def _named(walk: Crosswalk) -> str:
    """Say which crosswalk it is: ids of files mean nothing to who wrote the mapping."""
    by = f"the crosswalk of {walk.publisher}," if walk.publisher else "our own crosswalk,"
    return f'{by} "{walk.title}"'


# ---------------------------------------------------------------- titles


def title_fault(reference: Reference, title: str, facts: Facts) -> Fault | None:
    """Say what is wrong with a title beside an id; None where it is right or nobody can say."""
    plain, list_id = _same(title), reference.list_id
    for prefix in (_same(reference.text), _same(reference.id)):  # `ASI01 Agent Goal Hijack`
        plain = plain.removeprefix(f"{prefix} ")
    official = facts.lists.ids.get(list_id, {}).get(reference.id, "")
    if not plain or not reference.id or (official and plain == _same(official)):
        return None
    right = f"{reference.id} {official}".strip()
    known = _known_error(reference.id, plain, facts.wrong_titles.get(list_id, {}))
    label = label_of(f"{reference.text} {title}", facts)
    others = [o for o in facts.by_title.get(plain, ()) if o != (list_id, reference.id)]
    same_list = [i for n, i in others if n == list_id]
    if not official and not (known or label or same_list):
        return None
    wrong = f"{reference.id} is not titled {title.strip()!r}"
    expected = right if official else known or f"another title than that of {', '.join(same_list)}"
    if same_list:
        advice = f"That is {same_list[0]}: correct the id or the title."
        return Fault(MIXED, f"{reference.text} {title}", wrong, expected, advice)
    if others:
        name, other = others[0]
        advice = f"That is {other} of {facts.lists.titles[name]}: correct the id or the title."
        return Fault(MIXED, f"{reference.text} {title}", wrong, expected, advice)
    if official:
        advice = f"{known}." if known and known != right else f"Write {official!r}."
    else:
        advice = "A known error of published mappings."
    return Fault(TITLE, f"{reference.text} {title}", wrong, expected, label or advice)


def label_of(text: str, facts: Facts) -> str:
    """Return what is known of a wrong reference that public mappings print; '' where nothing is."""
    return facts.labels.get(_same(text), "")


def titled(title: str, facts: Facts) -> str:
    """Return the id whose official title a text is, for a hint; '' where none is."""
    found = facts.by_title.get(_same(title), [])
    return " or ".join(f"{i} of {facts.lists.titles[n]}" for n, i in found[:3])


def _known_error(own_id: str, plain: str, errors: Mapping[str, str]) -> str:
    for text, right in errors.items():
        head, _, label = text.partition(": ")
        if ":" in own_id:  # NHI6:2025: Insecure ...
            head, _, label = text.rpartition(": ")
        if head == own_id and _same(label) == plain:
            return " ".join(right.split())
    return ""


def _same(text: str) -> str:
    """Return a text by which titles are compared: OWASP itself writes both & and `and`."""
    return " ".join(re.findall(r"\w+", text.lower().replace("&", " and ")))


# ---------------------------------------------------------------- pairs

KNOWN_WORDS = (
    "equal, equivalent, identical or exact where two are one; direct, full or satisfies where one"
    " shows the other; partial, contextual, related, intersects, subset, superset or the like for"
    " less; none for nothing"
)


def word_fault(word: str) -> Fault:
    """Say that a word for a strength or a relation is none that is known."""
    near = nearest_word(word)
    advice = (f"Did you mean {near!r}? " if near else "") + "What the pair claims is not judged."
    return Fault(
        STRENGTH, word, f"{word!r} is not a known word for a strength", KNOWN_WORDS, advice
    )


@dataclass(frozen=True, slots=True)
class Claim:
    """What a row says of two ends."""

    ends: Pair
    claim: str
    word: str
    """As it is written."""
    shows: str = ""
    """What the row says that the own control shows."""


def pair_faults(claim: Claim, facts: Facts) -> Iterator[Fault]:
    """Say what the official text does not bear in a claim that two are one or show one another."""
    if claim.claim not in (EQUAL, DIRECT):
        return
    one, other = claim.ends
    sentence = _design_and_operation(claim, facts)
    fault = (
        _against_catalog(claim, facts)
        if CHECKS in (one[0], other[0])
        else _against_crosswalks(claim, facts)
    )
    if fault and sentence:
        advice = f"{sentence} {fault.advice}"
        yield Fault(fault.kind, fault.found, fault.wrong, fault.expected, advice)
    elif fault:
        yield fault
    elif sentence:
        found = _found(claim)
        wrong = f"{claim.word!r} joins what is laid down with what is at work"
        yield Fault(KIND, found, wrong, "partial, with a reason, or contextual", sentence)


def _found(claim: Claim) -> str:
    (_, one), (_, other) = claim.ends
    return f"{one} {claim.word} {other}"


def _against_catalog(claim: Claim, facts: Facts) -> Fault | None:
    control, check = sorted(claim.ends, key=lambda end: end[0] == CHECKS)
    strength, why = facts.mapped.get(control, {}).get(check[1], ("none", ""))
    if control not in facts.mapped:
        return _against_crosswalks(claim, facts)
    if strength == "direct":
        return None
    wrong = f"{claim.word!r} is more than {check[1]} shows of {control[1]}"
    said = f"The catalog says: {why}" if why else ""
    rule = "Direct means that a failure by itself is the control not met."
    advice = " ".join(filter(None, (said, rule)))
    return Fault(STRENGTH, _found(claim), wrong, strength, advice)


def _against_crosswalks(claim: Claim, facts: Facts) -> Fault | None:
    one, other = claim.ends
    if one[0] == other[0] or not one[0] or not other[0]:
        return None
    found = _found(claim)
    relation, walk = facts.relations.get(claim.ends, ("", ""))
    if relation == "equal" or (relation in _BACK and claim.claim == DIRECT):
        return None
    if relation:
        words = {"intersects": "they only overlap", "subset": "the first is a part of the second"}
        says = words.get(relation, "the second is a part of the first")
        wrong = f"{claim.word!r} is more than the texts bear: {says}"
        advice = f"See {walk}; write the relation that it has."
        return Fault(STRENGTH, found, wrong, relation, advice)
    if walks := facts.reviewed.get((one[0], other[0])):
        wrong = f"{claim.word!r} joins what no crosswalk held here joins"
        advice = (
            f"Looked up in {' and in '.join(walks)}: say why the two belong together, or drop it."
        )
        return Fault(STRENGTH, found, wrong, "none, or a weaker relation with a reason", advice)
    kinds = [facts.lists.entries(end[0]) for end in claim.ends]
    if claim.claim == EQUAL and all(kinds) and kinds[0] != kinds[1]:
        wrong = f"{claim.word!r} makes one of a {kinds[0]} and a {kinds[1]}"
        advice = f"A {kinds[0]} is no {kinds[1]}: one can be there without the other."
        return Fault(STRENGTH, found, wrong, "intersects at most", advice)
    return None


def _design_and_operation(claim: Claim, facts: Facts) -> str:
    """Say why one end asks for something written down and the other shows it at work; else ''."""
    designs = [e for e in claim.ends if e in facts.documented]
    works = [e for e in claim.ends if e not in designs and _operates(e, claim, facts)]
    if not designs or not works:
        return ""
    return (
        f"{designs[0][1]} asks for something written down, and {works[0][1]} shows what is done:"
        " doing it is not writing it down, and either can be there without the other."
    )


def _operates(end: tuple[str, str], claim: Claim, facts: Facts) -> bool:
    if end[0] == CHECKS:
        return facts.shows.get(end[1]) == "operation"
    return end in facts.operated if end[0] else claim.shows == "operation"


@dataclass(slots=True)
class Pairs:
    """The pairs of a file so far, to find those that stand twice."""

    _first: dict[tuple[frozenset[tuple[str, str]], str], tuple[str, str]] = field(
        default_factory=dict
    )

    def fault(self, claim: Claim, beside: str, place: str) -> Fault | None:
        """Remember a pair, with what else its row is about; say it where it stood before."""
        key = frozenset(claim.ends), beside
        if key not in self._first:
            self._first[key] = (place, claim.word)
            return None
        first_place, first_word = self._first[key]
        (_, one), (_, other) = claim.ends
        wrong = f"{one} and {other} stand together at {first_place} too"
        if first_word and claim.word and first_word.lower() != claim.word.lower():
            wrong += f", there as {first_word!r}, here as {claim.word!r}"
            advice = "Decide for one of the two."
            return Fault(TWICE, _found(claim), wrong, "one row a pair", advice)
        return Fault(TWICE, f"{one} {other}", wrong, "one row a pair", "Drop one of the two.")
