"""Write docs/disagreements.md: where published mappings say something else than the catalogs. In:
content, and frameworks/published (pairs and labels as others print them). Out: the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporter.authoring.mapping_lint.mapping_faults import Facts, label_of, read_facts, title_fault
from reporter.authoring.mapping_lint.references import Lists, Reference, read_lists
from reporter.content.loader import Content
from reporter.content.yaml import Fields, fields, read_yaml
from reporter.errors import ContentError, Errors
from reporter.model.assessment import Framework
from reporter.model.crosswalk import Crosswalk
from reporter.system.folders import content_dir

PUBLISHED = "published"
STATED = ("none", "mixed")
_ABOUT = (
    "Generated from `frameworks/` by `make docs`; do not edit. What others have published about"
    " which controls belong together, beside what the catalogs and crosswalks here say. Pairs and"
    " labels are facts and stand here with their source; the texts of the publications do not."
    " *Evidence in common* is what the catalogs say: the checks that count, directly or in part,"
    " for both ends of a pair. Where there is none, nothing that is tested shows the one and the"
    " other. That is not proof that a pair is wrong, only that it is not tested here. `reporter"
    " lint-mapping FILE` does the same for a file of yours."
)
_NO_VENDOR = (
    "No mapping of a vendor that states pairs with strengths was at hand, only the references"
    " below. None of these publications says how strong a pair is, so strengths are not compared."
)


@dataclass(frozen=True, slots=True)
class Publication:
    """What somebody has published, as printed."""

    id: str
    title: str
    by: str
    what: str
    where: str
    published: str
    edition: str
    pairs: tuple[tuple[str, str, dict[str, list[str]]], ...]
    """Origin list, target list, and ids of the one -> ids of the other as they are written."""
    labels: tuple[tuple[str, str, str], ...]
    """List, id as it is written, label; '' where it has none."""


def publications(lists: Iterable[str]) -> list[Publication]:
    """Read every publication of frameworks/published.

    Raises Errors with every file that is wrong.
    """
    known, results, errors = set(lists), [], []
    for path in sorted((content_dir()[0] / PUBLISHED).glob("*.yml")):
        try:
            results.append(_publication(path, known))
        except ContentError as error:
            errors.append(error)
    if errors:
        raise Errors(list(errors))
    return results


def _publication(path: Path, known: set[str]) -> Publication:
    file = fields(path)
    file.only("id", "title", "source", "strength", "pairs", "labels")
    source = file.get("source", dict)
    keys = ("by", "what", "where", "published", "edition")
    if sorted(source) != sorted(keys) or not all(isinstance(source[k], str) for k in keys):
        raise ContentError(f"source: expected {', '.join(keys)}, each a text", file.place("source"))
    if file.get("strength", str) not in STATED:
        raise ContentError(f"'strength' is not one of {', '.join(STATED)}", file.place("strength"))
    return Publication(
        id=file.get("id", str),
        title=file.get("title", str),
        by=source["by"],
        what=source["what"],
        where=source["where"],
        published=source["published"],
        edition=source["edition"],
        pairs=tuple(_pairs(row, file, known) for row in file.get("pairs", list)),
        labels=tuple(_label(row, file, known) for row in file.get("labels", list)),
    )


def _pairs(row: Any, file: Fields, known: set[str]) -> tuple[str, str, dict[str, list[str]]]:
    place = file.place("pairs")
    if not isinstance(row, dict) or sorted(row) != ["from", "maps", "to"]:
        raise ContentError("pairs: a row has from, to and maps", place)
    if not {row["from"], row["to"]} <= known:
        raise ContentError(f"pairs: no list {row['from']!r} or {row['to']!r}", place)
    maps = row["maps"]
    if not isinstance(maps, dict) or not all(
        isinstance(ids, list) and all(isinstance(i, str) for i in ids) for ids in maps.values()
    ):
        raise ContentError("pairs: maps are lists of ids, each in quotes if it is a number", place)
    return row["from"], row["to"], maps


def _label(row: Any, file: Fields, known: set[str]) -> tuple[str, str, str]:
    place = file.place("labels")
    if not isinstance(row, dict) or sorted(row) != ["id", "label", "list"]:
        raise ContentError("labels: a row has list, id and label", place)
    if row["list"] not in known:
        raise ContentError(f"labels: no list {row['list']!r}", place)
    return row["list"], str(row["id"]), str(row["label"])


# ---------------------------------------------------------------- the page


def disagreements(content: Content) -> str:
    """Return docs/disagreements.md."""
    lists = read_lists(content)
    facts = read_facts(content, lists)
    evidence = _evidence(content.frameworks)
    others = publications(lists.titles)
    parts = ["# Published disagreements", _ABOUT, _NO_VENDOR, _sources(others, content)]
    for publication in others:
        for origin, target, maps in publication.pairs:
            head = f"## {publication.title}: {_short(origin, content)} to {_short(target, content)}"
            resolved = {
                one: [lists.refer(text, "", frozenset({target}), {}) for text in texts]
                for one, texts in maps.items()
            }
            parts += [head, *_against_ours(origin, target, resolved, content)]
            parts += _untested(origin, target, _known(resolved), evidence)
    for walk in (w for w in content.crosswalks if w.basis == "published"):
        if walk.origin in evidence and walk.target in evidence:
            pairs = [(o, t) for row in walk.rows for o in row.origins for t in row.targets]
            parts += [f"## {walk.title}", *_untested(walk.origin, walk.target, pairs, evidence)]
    return "\n\n".join([*parts, *_labels(others, facts, content)]) + "\n"


Evidence = Mapping[str, Mapping[str, Mapping[str, str]]]
"""List -> control -> check -> strength."""


def _evidence(frameworks: Iterable[Framework]) -> Evidence:
    return {
        f.id: {c.id: {i: s for i, s in c.checks if s != "contextual"} for c in f.controls}
        for f in frameworks
    }


def _short(list_id: str, content: Content) -> str:
    shorts = {f.id: f.short for f in content.frameworks}
    return shorts.get(list_id) or str(content.official[list_id]["title"])


def _sources(others: Sequence[Publication], content: Content) -> str:
    lines = ["| publication | by | date | what was read | where |", "|---|---|---|---|---|"]
    for p in others:
        what = f"{p.what} ({p.edition})"
        lines.append(f"| {p.title} | {p.by} | {p.published} | {what} | {p.where} |")
    for walk in (w for w in content.crosswalks if w.basis == "published"):
        source = read_yaml(content_dir()[0] / "crosswalks" / f"{walk.id}.yml")["source"]
        where, date = " ".join(source.get("where", "").split()), source.get("published", "not said")
        what = " ".join(walk.source.split())
        lines.append(f"| `{walk.id}` | {walk.publisher} | {date} | {what} | {where} |")
    return "\n".join(lines)


def _known(resolved: Mapping[str, Sequence[Reference]]) -> list[tuple[str, str]]:
    return [(one, r.id) for one, references in resolved.items() for r in references if r.id]


def _against_ours(
    origin: str, target: str, resolved: Mapping[str, Sequence[Reference]], content: Content
) -> Iterator[str]:
    """Lay the pairs beside those of the crosswalks held here, one line an origin."""
    walks = [w for w in content.crosswalks if {w.origin, w.target} == {origin, target}]
    wrong = sorted({r.text for refs in resolved.values() for r in refs if r.fault})
    if wrong:
        yield f"Ids that the list does not have: {', '.join(wrong)}."
    unheld = sorted({r.text for refs in resolved.values() for r in refs if r.why})
    if unheld:
        yield f"Parts of the publication that are not held here: {', '.join(unheld)}."
    if not walks:
        yield "No crosswalk here joins the two lists."
        return
    names = "; ".join(f"{w.title} (`{w.id}`, {w.basis.replace('-', ' ')})" for w in walks)
    yield f"Beside the crosswalks here: {names}."
    held = _held(walks, origin)
    lines = ["| | in both | only published there | only here |", "|---|---|---|---|"]
    both_total = there_total = here_total = 0
    for one, references in resolved.items():
        there, here = {r.id for r in references if r.id}, held.get(one, set())
        order = list(content.official[target]["ids"]).index
        cells = [sorted(ids, key=order) for ids in (there & here, there - here, here - there)]
        both_total, there_total, here_total = (
            n + len(c) for n, c in zip((both_total, there_total, here_total), cells, strict=True)
        )
        lines.append(f"| {one} | {' | '.join(', '.join(c) for c in cells)} |")
    yield "\n".join(lines)
    yield (f"{both_total} pairs are in both, {there_total} only there, {here_total} only here.")


def _held(walks: Iterable[Crosswalk], origin: str) -> dict[str, set[str]]:
    held: dict[str, set[str]] = {}
    for walk in walks:
        for row in walk.rows:
            for one, other in ((o, t) for o in row.origins for t in row.targets):
                here, there = (one, other) if walk.origin == origin else (other, one)
                held.setdefault(here, set()).add(there)
    return held


def _untested(
    origin: str, target: str, pairs: Iterable[tuple[str, str]], evidence: Evidence
) -> Iterator[str]:
    """Name the pairs for which the catalogs have no evidence in common, and why."""
    controls, others = evidence.get(origin, {}), evidence.get(target, {})
    tested, apart, silent = 0, [], set()
    for one, other in pairs:
        ours, theirs = controls.get(one, {}), others.get(other, {})
        if ours and theirs and not ours.keys() & theirs.keys():
            apart.append(f"{one} and {other}")
        elif ours and theirs:
            tested += 1
        else:
            silent.add(one if not ours else other)
    yield f"Evidence in common: {tested} pairs have some, {len(apart)} have none."
    if apart:
        yield f"None: {'; '.join(apart)}."
    if silent:
        yield f"No check counts for {', '.join(sorted(silent))}, so no pair with them is tested."


def _labels(others: Iterable[Publication], facts: Facts, content: Content) -> Iterator[str]:
    """List labels and references that say something else than the publisher of the list."""
    rows = [
        f"| {p.title} | {_short(said[0], content)} | {' '.join(filter(None, said[1:]))} |"
        f" {_right(said, facts)} |"
        for p in others
        for said in p.labels
    ]
    head = ["| publication | list | says | what is known of it |", "|---|---|---|---|"]
    yield "## Labels and references"
    yield (
        "What an id is called there, and what the publisher of the list says. Further labels that"
        " public material gets wrong are `wrong_titles` in `frameworks/official/`, with who printed"
        " them; `reporter lint-mapping` knows all of them."
    )
    yield "\n".join([*head, *rows])


def _right(said: tuple[str, str, str], facts: Facts) -> str:
    list_id, text, label = said
    known = label_of(f"{text} {label}", facts)
    if known:
        return known
    reference = facts.lists.refer(text, label, frozenset({list_id}), {})
    fault = title_fault(reference, label, facts) or reference.fault
    return f"{fault.wrong}; right is {fault.expected}" if fault else "no disagreement"


def faults_in(content: Content) -> Iterator[ContentError]:
    """Name publications that are wrong as data, for `lint`."""
    lists: Lists = read_lists(content)
    try:
        others = publications(lists.titles)
    except Errors as errors:
        yield from (e for e in errors.errors if isinstance(e, ContentError))
        return
    for publication in others:
        for origin, _, maps in publication.pairs:
            for one in sorted(set(maps) - set(lists.ids[origin])):
                place = f"frameworks/{PUBLISHED}/{publication.id}.yml"
                yield ContentError(f"{one} is not an id of {origin}", place)
