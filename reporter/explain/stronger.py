"""What better evidence there is for a check that was met by what is only declared. In: a check, the
sources of a run. Out: lines, by the installed content.

A result is as good as the weakest that it rests on: an export is named only if it, beside what is
there, shows all of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import combinations

from reporter.content import loader
from reporter.evaluate.evidence import (
    EACH_ITS_OWN,
    NAMING,
    Column,
    Rest,
    fills_of,
    is_export,
    vendor_of,
)
from reporter.evaluate.runner import needs_of, rests_of
from reporter.i18n.translate import say
from reporter.model.reasons import SHOWN_BY
from reporter.model.source import Source
from reporter.schema.tables import SHARED, TABLES, columns_of
from reporter.schema.vocabulary import EVIDENCE, VOCABULARY

Offer = tuple[tuple[Source, ...], str]
"""Exports that suffice together, and how good what they show is."""
NAMED = 3
"""Number of exports that are named."""
Places = Mapping[Column, int]
"""Column -> how good what a source says in it is, as a place in `vocabulary.EVIDENCE`."""
BROUGHT = ("changes", "text_ids")
"""Column of exports that show whose text somebody approved: policies that are there become theirs.
"""


def better_evidence(check_id: str, present: Set[str]) -> list[str]:
    """Name the exports that would show what the check rests on and somebody only declared.

    `present` are the ids of the sources of the run; exports of their vendors come first. Two are
    named where none suffices alone, and where no two do, a line says so. Nothing where the
    installed content has no such check, or a policy has no better record.
    """
    content = loader.load(examples=False)
    check = next((c for c in content.checks if c.id == check_id), None)
    if check is None:
        return []
    compiled = loader.compiled_of(check)
    told = (tuple(p for p in group if p[1] not in NAMING) for group in rests_of(compiled))
    rests = [group for group in told if group]
    given = [_places(s) for s in content.sources if s.id in present]
    is_alone = {t for group in rests for t, _ in group} == {EACH_ITS_OWN}
    weak: Sequence[Rest] = [group for group in rests if _is_weak(group, given)]
    if not weak:
        return []
    if is_alone:
        weak = [(need,) for need in needs_of(check, compiled)]
    offers: list[tuple[tuple[Source, ...], tuple[int, ...]]] = []
    for source in filter(is_export, content.sources):
        places = _places_beside(source, given, is_alone)
        if check.about == "agent" and not _tells_of_agents(source):
            places = {c: n for c, n in places.items() if c[0] != "actors"}
        shown = [max(places.get(column, 0) for column in group) for group in weak]
        if is_alone:
            shown += [places[c] for group in rests for c in group if c in places]
        if max(shown):
            offers.append(((source,), tuple(shown)))
    found = [(sources, min(shown)) for sources, shown in offers if min(shown)]
    if not found and not is_alone:
        # Systems of two vendors hold different agents.
        both = (
            (a + b, tuple(map(max, m, n)))
            for (a, m), (b, n) in combinations(offers, 2)
            if vendor_of(a[0].id) == vendor_of(b[0].id)
        )
        found = [(sources, min(shown)) for sources, shown in both if min(shown)]
    named = [(sources, EVIDENCE[place]) for sources, place in found]
    if named:
        return [_line(weak, _in_order(named, present))]
    return [_none_line(weak, [shown for _, shown in offers])] if not is_alone else []


def _tells_of_agents(source: Source) -> bool:
    """Tell whether a source may list agents: one that only calls people, groups or accounts what it
    lists says nothing of an agent's owner or state.
    """
    select = source.tables.get("actors", "")
    kinds = {kind for kind in VOCABULARY["actors.kind"] if f"'{kind}'" in str(select)}
    return not kinds or "agent" in kinds


def _places(source: Source) -> Places:
    columns = {(t, c) for t, _, c in (name.partition(".") for name in fills_of(source))}
    for table, select in source.tables.items():
        if isinstance(select, dict):  # it takes each column by its name
            columns |= {(table, name) for name, _ in columns_of(TABLES[table])}
    return {(t, c): EVIDENCE.index(source.class_of(f"{t}.{c}")) for t, c in columns}


def _places_beside(source: Source, given: Sequence[Places], is_alone: bool) -> Places:
    """Return what a source says beside those given. It says nothing of a policy that another
    holds, unless it shows who approved its text.
    """
    own = _places(source)
    places = {c: n for c, n in own.items() if is_alone or c[0] != EACH_ITS_OWN}
    if BROUGHT in own:
        texts = {c for other in given for c in other if c[0] == EACH_ITS_OWN}
        approved = {(EACH_ITS_OWN, "approved_by")} if texts else set()
        places |= dict.fromkeys(texts | approved, own[BROUGHT])
    return places


def _is_weak(group: Rest, given: Iterable[Places]) -> bool:
    """Tell whether a result may rest on a group that is only declared. Of an actor another source
    may say nothing, nor of another policy; what the organisation has is told by the best.
    """
    found = [max(p[c] for c in group if c in p) for p in given if not p.keys().isdisjoint(group)]
    is_shared = all(t in SHARED and t != EACH_ITS_OWN for t, _ in group)
    return bool(found) and (max if is_shared else min)(found) == 0


def _in_order(found: Sequence[Offer], present: Set[str]) -> list[Offer]:
    vendors = {vendor_of(name) for name in present}
    return sorted(
        found,
        key=lambda f: (
            sum(vendor_of(s.id) not in vendors for s in f[0]),
            -EVIDENCE.index(f[1]),
            [s.id for s in f[0]],
        ),
    )


def _line(weak: Iterable[Rest], better: Sequence[Offer]) -> str:
    named = "; ".join(
        f"{say(' together with ').join(s.title for s in sources)}: {say(SHOWN_BY[e])}"
        for sources, e in better[:NAMED]
    )
    more = len(better) - NAMED if len(better[0][0]) == 1 else 0
    text = say("declared so far: {columns}. Better: {exports}", columns=_names(weak), exports=named)
    rest = say("and {n} more in docs/what-to-export.md", n=more) if more > 0 else ""
    return f"  {text}{'; ' if rest else ''}{rest}"


def _none_line(weak: Sequence[Rest], shown: Sequence[Sequence[int]]) -> str:
    """Say that no export helps: name what none shows, else that no two show all of it."""
    unseen = [group for n, group in enumerate(weak) if not any(places[n] for places in shown)]
    if unseen:
        text = say("no export that Reporter reads shows {columns} here", columns=_names(unseen))
    else:
        text = say(
            "no export that Reporter reads, nor two of one vendor, shows all of {columns} here",
            columns=_names(weak),
        )
    return f"  {text}"


def _names(groups: Iterable[Rest]) -> str:
    return ", ".join(dict.fromkeys(".".join(group[0]) for group in groups))
