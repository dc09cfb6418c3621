"""What better evidence there is for a check that was met by what is only declared. In: a check, the
sources of a run. Out: lines, by the installed content.

A result is as good as the weakest that it rests on: an export is named only if it, beside what is
there, shows all of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

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
from reporter.schema.vocabulary import EVIDENCE

NAMED = 3
"""Number of exports that are named."""
Places = Mapping[Column, int]
"""Column -> how good what a source says in it is, as a place in `vocabulary.EVIDENCE`."""
BROUGHT = ("changes", "text_ids")
"""Column of exports that show whose text somebody approved: policies that are there become theirs.
"""


def better_evidence(check_id: str, present: Set[str]) -> list[str]:
    """Name the exports that would show what the check rests on and somebody only declared.

    `present` are the ids of the sources of the run; exports of their vendors come first. Nothing
    where the installed content has no such check, or no one export suffices.
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
    found = []
    for source in filter(is_export, content.sources):
        places = _places_beside(source, given, is_alone)
        shown = [max(places.get(column, 0) for column in group) for group in weak]
        if is_alone:
            shown += [places[c] for group in rests for c in group if c in places]
        if min(shown):
            found.append((source, EVIDENCE[min(shown)]))
    return [_line(weak, _in_order(found, present))] if found else []


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


def _in_order(found: list[tuple[Source, str]], present: Set[str]) -> list[tuple[Source, str]]:
    vendors = {vendor_of(name) for name in present}
    return sorted(
        found,
        key=lambda f: (vendor_of(f[0].id) not in vendors, -EVIDENCE.index(f[1]), f[0].id),
    )


def _line(weak: Iterable[Rest], better: list[tuple[Source, str]]) -> str:
    named = "; ".join(f"{s.title}: {say(SHOWN_BY[e])}" for s, e in better[:NAMED])
    more = len(better) - NAMED
    text = say(
        "declared so far: {columns}. Better: {exports}",
        columns=", ".join(dict.fromkeys(".".join(group[0]) for group in weak)),
        exports=named,
    )
    rest = say("and {n} more in docs/what-to-export.md", n=more) if more > 0 else ""
    return f"  {text}{'; ' if rest else ''}{rest}"
