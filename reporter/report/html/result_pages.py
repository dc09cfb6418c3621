"""Every result on the screen, by check and by agent. In: a `View`. Out: rows, and pages beside it.

A short run has all results in the page of the report. A long run keeps the first findings there,
and everything on pages of bounded size in a folder beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from reporter.engine.base import quoted_list
from reporter.i18n.translate import mark, say
from reporter.model import ids
from reporter.model.scores import HELD, Status, tier_text
from reporter.report.chapters.chart_data import AgentCard
from reporter.report.chapters.follow_up.deadlines import EXACTLY, age_words
from reporter.report.chapters.next_steps import PickLine
from reporter.report.document import View
from reporter.report.html.printed_results import ALL, PASS, RAW, Rows, owner_text, printer
from reporter.report.view.elements import Check
from reporter.report.view.format import count, number, short, slug
from reporter.runs.store import OPEN
from reporter.system.plain_text import clean

INLINE = 4_000
"""Findings up to which the report's own page holds them all."""
INLINE_RESULTS = 5_000
"""Results, passes too, up to which it holds them all: 0.4 kB each, so with 250 agents the page
stays below 5 MB.
"""
FIRST = 25
"""Findings of a check in the report's page where the others stand beside it."""
CARDS = 250
"""Agents up to which the report's own page draws each one's path."""
PER_PAGE = 2_500
"""Results on one page by check."""
NAMES_PER_PAGE = 12_000
"""Results on one page by agent, where each is one link and a path counts as much as sixty."""
PATH = 60
PLACE, OWN = "<!{}>", "own"
"""Where a value is put in later, and what the digest of an actor's name is called there. No escaped
text has such a place, so that a value may hold places of others.
"""
LISTED = 10_000
"""Agents that the index lists by name; more it lists by page."""
ACTIONS = 5
"""Of the roadmap, that a card lists."""
TASKS = "todo.csv"
NO_LEVEL = mark("no level")
FOLDER = "findings"
STATUSES = ("fail", "unknown", "compensated", "attested", "declared", PASS)
"""In the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class Page:
    """Results of one check on one page, the passes last."""

    file: str
    """'' for the report's own page."""
    check: Check
    title: str
    """"page 3 of 7"; empty for the only one."""
    rows: Rows


@dataclass(frozen=True, slots=True)
class Actor:
    """An agent or account and all results on it; '' is the organisation."""

    name: str
    anchor: str
    page: str
    owner: str
    tier: str
    standing: str
    """"4 failing · 2 unknown · 37 pass"."""
    results: tuple[tuple[str, Markup], ...]
    """By status, links to the results: what is open, and the passes last; empty in an index."""
    digest: str
    """To be put in where the links say `OWN`."""
    card: AgentCard | None
    """Its level and action path, if it is an agent."""
    actions: tuple[PickLine, ...] = ()
    """The first actions of the roadmap that concern it, in its order; empty on pages beside."""
    more: str = ""
    """"and 4 more in todo.csv"; empty where all are listed."""


@dataclass(frozen=True, slots=True)
class CheckListing:
    """The results of a check in the report's page."""

    rows: Rows
    """Its findings, in a long run the first."""
    passes: Rows
    """Its passes, in a long run none."""
    passed: str
    """"412 passes"; empty for none."""
    note: str
    """"25 of 1,204 findings are listed here; all of them:"; empty where all are."""
    files: tuple[str, ...]
    """The pages that hold all."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What the report's own page holds of the results, and where all of them stand."""

    inline: bool
    text: str
    by_check: dict[str, CheckListing]
    """Checks that have a result here."""
    actors: tuple[Actor, ...]
    """Empty where they stand on pages of their own."""
    beside: Markup = Markup("")
    """Where each agent stands on pages of its own, as JSON; empty where they stand here."""
    new: Markup = Markup("[]")
    """Ids of listed results that fail or are unknown and were not so in the run before, as JSON."""
    decided: Markup = Markup("[]")
    """Ids of the listed results that each decision settles, by its number, as JSON."""
    dated: Markup = Markup("[]")
    """For how long the findings of listed results are open, and since when again, with the ids of
    the results, as JSON.
    """


def listing(view: View) -> Listing:
    """Return every result of a run, or the first of each check and the place of the others."""
    total = sum(_size(c) for c in view.checks)
    inline = (
        len(view.findings) <= INLINE and total <= INLINE_RESULTS and len(view.agents.cards) <= CARDS
    )
    if inline:
        by_check = {p.check.id: _all_of(p) for p in check_pages(view, inline=True)}
        actors = tuple(_actors(view, inline=True))
        names = len(actors)
    else:
        by_check = {p.check.id: _first_of(p) for p in _first_pages(view)}
        actors, names = (), len(_sizes(view))
    passes = total - len(view.findings)
    return Listing(
        inline,
        _text(total, passes, len(by_check), names),
        by_check,
        actors,
        Markup("" if inline else _agents_beside(view)),
        Markup(_as_json(_new(view, by_check.values()))),
        Markup(_as_json(list(_decided(view, by_check)))),
        Markup(_as_json(_dated(view, by_check.values()))),
    )


def _new(view: View, listed: Iterable[CheckListing]) -> list[str]:
    """Return the listed results that fail or are unknown and were not so in the run before."""
    if not view.history.changes:
        return []
    rows = view.history.changes.changes.each(
        ("check", "subject"), "now IN ('fail', 'unknown') AND now <> before"
    )
    new = {ids.finding(check, subject) for check, subject in rows}
    return [id_ for part in listed for id_ in part.rows.columns["id"] if id_ in new]


def _decided(view: View, listed: Mapping[str, CheckListing]) -> Iterator[tuple[str, list[str]]]:
    """Yield the number of each decision, and the listed results that it settles."""
    for q in view.front.questions:
        parts = [p for c in q.checks if c in listed for p in (listed[c].rows, listed[c].passes)]
        settled = [
            id_
            for columns in (part.columns for part in parts)
            for id_, status, waived_until in zip(
                columns["id"], columns["status"], columns["waived_until"], strict=True
            )
            if status in q.statuses and not waived_until
        ]
        yield str(q.rank), settled


def _dated(view: View, listed: Iterable[CheckListing]) -> list[tuple[str, str, list[str]]]:
    """Return ages with the results of that age, the longest first."""
    dates = view.findings.dates
    if not dates:
        return []
    causes = dict(view.findings.results.each(("id", "cause"), "cause <> ''"))
    groups: dict[tuple[str, ...], list[str]] = {}
    for id_ in (id_ for part in listed for id_ in part.rows.columns["id"]):
        if row := dates.get(causes.get(id_, "")):
            groups.setdefault(row[1:], []).append(id_)
    ordered = sorted(groups.items(), key=lambda g: (-int(g[0][0]), g[0]))
    return [
        (age_words(int(age), age_is == EXACTLY), reopened and say("reopened"), results)
        for (age, age_is, reopened), results in ordered
    ]


def _as_json(value: object) -> str:
    """Write data into a page, where no text may end its element."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _text(total: int, passes: int, checks: int, names: int) -> str:
    results = count(total, "result")
    if passes:
        results += f" ({count(passes, 'pass')})"
    return say(
        "{results} of {checks}, by {names}",
        results=results,
        checks=count(checks, "check"),
        names=count(names, "name"),
    )


def _open_count(check: Check) -> int:
    tally = check.counts
    return tally.failed + tally.unknown + tally.compensated + tally.attested


def _size(check: Check) -> int:
    return _open_count(check) + check.counts.passed + check.counts.declared


def _all_of(page: Page) -> CheckListing:
    open_count = _open_count(page.check)
    findings, passes = page.rows.part(0, open_count), page.rows.part(open_count, len(page.rows))
    return CheckListing(findings, passes, _passes(page.check), "", ())


def _first_of(page: Page) -> CheckListing:
    open_count, passes = _open_count(page.check), _passes(page.check)
    return CheckListing(
        page.rows,
        page.rows.part(0, 0),
        passes,
        _pointer(len(page.rows), open_count, passes),
        _files(page.check),
    )


def _passes(check: Check) -> str:
    passes = check.counts.passed + check.counts.declared
    return count(passes, "pass") if passes else ""


def _files(check: Check) -> tuple[str, ...]:
    """Name the pages of a check in a long run."""
    return tuple(
        page_file(f"check{check.anchor[1:]}", n) for n in range(1, -(-_size(check) // PER_PAGE) + 1)
    )


def _pointer(shown_count: int, findings: int, passes: str) -> str:
    """Describe the pages of a check whose first findings are shown."""
    if not findings:
        return say("{passes}, with their records:", passes=passes)
    if findings == shown_count:
        sentence = (
            mark("The same and {passes} on a separate page:")
            if passes
            else mark("The same on a separate page:")
        )
        return say(sentence, passes=passes)
    sentence = (
        mark("{n} of {all} findings are listed here; all of them, and {passes}:")
        if passes
        else mark("{n} of {all} findings are listed here; all of them:")
    )
    return say(sentence, n=number(shown_count), all=number(findings), passes=passes)


_CHECK_ORDER = f"NOT {OPEN}, status <> 'fail', CASE WHEN {OPEN} THEN -tier_hi END, place"
"""In SQL: what fails first, then by tier, the highest first; the passes last."""
_IN_SCOPE = f"status <> '{Status.NA}'"


def _by_check(view: View) -> str:
    """Return in SQL the place of a check in the report."""
    return f'list_position({quoted_list(_names(view))}, "check")'


def _names(view: View) -> list[str]:
    """Return the checks of the report in order, by their name in the store."""
    names = {head[0]: name for name, head in view.findings.heads.items()}
    return [names[c.id] for c in view.checks]


def check_pages(view: View, inline: bool = False) -> Iterator[Page]:
    """Yield the results of every check, page by page; inline, one page per check."""
    rows = view.findings.results.each(RAW, _IN_SCOPE, f"ORDER BY {_by_check(view)}, {_CHECK_ORDER}")
    return _pages(view, rows, inline)


def _first_pages(view: View) -> Iterator[Page]:
    """Yield the first findings of every check."""
    nth = f'row_number() OVER (PARTITION BY "check" ORDER BY {_CHECK_ORDER})'
    clause = (
        f"QUALIFY {nth} <= CASE WHEN {OPEN} THEN {FIRST} ELSE 1 END ORDER BY"
        f" {_by_check(view)}, {nth}"
    )
    for page in _pages(view, view.findings.results.each(RAW, _IN_SCOPE, clause), inline=False):
        open_count = sum(status not in HELD for status in page.rows.columns["status"])
        yield replace(page, rows=page.rows.part(0, open_count))


def _pages(view: View, rows: Iterable[tuple[Any, ...]], inline: bool) -> Iterator[Page]:
    checks = dict(zip(_names(view), view.checks, strict=True))
    print_rows = printer(view.findings.results.reasons.sentences())
    for name, of_check in groupby(rows, key=lambda row: row[1]):
        check, results = checks[name], iter(of_check)
        files = ("",) if inline else _files(check)
        for position, file in enumerate(files, 1):
            part = list(results if inline else islice(results, PER_PAGE))
            if not part:
                break
            title = say("page {n} of {all}", n=position, all=len(files)) if len(files) > 1 else ""
            yield Page(file, check, title, print_rows(part, check.severity))


def page_file(name: str, position: int) -> str:
    """Name a page. No anchor has a plus sign, so pages of different lists never share a name."""
    return f"{name}+{position}.html" if position > 1 else f"{name}.html"


def _sizes(view: View) -> list[tuple[str, int]]:
    """Return everyone with a result or a picture, by name, with the number of results."""
    sizes = dict(view.findings.results.each(("actor", "count(*)"), _IN_SCOPE, "GROUP BY actor"))
    names = set(map(clean, sizes))
    sizes |= {card.agent: 0 for card in view.agents.cards if card.agent not in names}
    return sorted(sizes.items())


def actor_pages(view: View) -> Iterator[tuple[str, list[Actor]]]:
    """Yield everyone with a result or a picture in a long run, by name, page by page."""
    for file, group in groupby(_actors(view), key=lambda actor: actor.page):
        yield file, list(group)


def _actors(view: View, inline: bool = False) -> Iterator[Actor]:
    """Yield everyone with a result or a picture, by name; the organisation comes first."""
    cards = {card.agent: card for card in view.agents.cards}
    actions = _actions(view) if inline else {}
    linked = groupby(_links(view, inline), key=lambda links: links.actor)
    for name, total, anchor, page in _places(view, cards):
        actor = _actor(
            clean(name),
            {links.status: links for links in next(linked)[1]} if total else {},
            anchor,
            "" if inline else page,
            cards.get(clean(name)),
        )
        own, remainder = actions.get(name, ())[:ACTIONS], len(actions.get(name, ())) - ACTIONS
        more = say("and {n} more in {file}", n=number(remainder), file=TASKS)
        yield replace(actor, actions=own, more=more if remainder > 0 else "")


def _places(view: View, cards: Mapping[str, AgentCard]) -> Iterator[tuple[str, int, str, str]]:
    """Yield everyone with a result or a picture: name, results, anchor, page beside the report."""
    slugs: set[str] = set()
    page_number, on_page = 1, 0
    for name, total in _sizes(view):
        size = total + PATH * (clean(name) in cards)
        if on_page and on_page + size > NAMES_PER_PAGE:
            page_number, on_page = page_number + 1, 0
        on_page += size
        yield name, total, slug("agent", clean(name), slugs), f"agents+{page_number}.html"


def _agents_beside(view: View) -> str:
    """Return the agents that stand on pages beside a long report, as JSON for its search: by
    page the name, anchor, tier, level, unit, and the level as a choice.
    """
    cards = {card.agent: card for card in view.agents.cards}
    places = (
        (page, [card.agent, anchor, card.tier, card.level, card.unit, level_choice(card)])
        for name, _, anchor, page in _places(view, cards)
        if (card := cards.get(clean(name)))
    )
    by_page = groupby(islice(places, LISTED), key=lambda place: place[0])
    return _as_json([[page, [told for _, told in group]] for page, group in by_page])


def level_choice(card: AgentCard | None) -> str:
    """Return what the level of an agent is called where it can be chosen, as in the picture of
    tiers; '' of who is in no register.
    """
    if not card or not card.score:
        return ""
    return say(NO_LEVEL) if card.lowest is None else say("level {level}", level=card.lowest)


def _actions(view: View) -> dict[str, tuple[PickLine, ...]]:
    """Return the actions of the roadmap that concern each actor, in its order."""
    rows = view.findings.results.each(
        ("actor", "rank"), f"{OPEN} AND rank IS NOT NULL", "GROUP BY actor, rank ORDER BY 1, 2"
    )
    return {
        actor: tuple(view.roadmap.picks[rank - 1] for _, rank in group)
        for actor, group in groupby(rows, key=lambda row: row[0])
    }


def _links(view: View, inline: bool) -> Iterator[_Links]:
    """Yield links to all results, a line for each actor and status, by actor name.

    What most results on an actor share, the digest of its name, is left to be put in, so that the
    links of one agent read like those of others.
    """
    pages = [
        (name, at, number, escape(f"{file}#v-{name}-"), escape(check.id), escape(check.title))
        for at, (name, check) in enumerate(zip(_names(view), view.checks, strict=True))
        for number, file in enumerate(("",) if inline else _files(check))
    ]
    results = view.findings.results.again()
    results.lay_beside(
        "pages", ("name", "nth_check BIGINT", "number BIGINT", "target", "told", "title"), pages
    )
    digest = f"right(id, {ids.LENGTH})"
    own = f"CASE WHEN subject = actor THEN '{PLACE.format(OWN)}' ELSE {digest} END"
    nth = f'row_number() OVER (PARTITION BY "check" ORDER BY {_CHECK_ORDER}) - 1'
    page_number = "0" if inline else f"nth // {PER_PAGE}"
    order = f"nth_check * {1 << 32} + nth"
    link = f"""'<a href="' || target || {digest if inline else own} || '">' || told || '</a>'"""
    item = f"'<li>' || {link} || ' ' || title || '</li>'"
    links = f"string_agg({link}, ', ' ORDER BY {order}) || '.'"
    if inline:  # there is room to say what is open
        items = f"'<ul class=\"open\">' || string_agg({item}, '' ORDER BY {order}) || '</ul>'"
        links = f"CASE WHEN {OPEN} THEN {items} ELSE {links} END"
    sql = (
        f"SELECT actor, status, count(*), {links},"
        f" coalesce(max({digest}) FILTER (subject = actor), ''), min({order}),"
        f" arg_min(owner, {order}), arg_min(tier_lo, {order}), arg_min(tier_hi, {order})"
        f" FROM (SELECT *, {nth} AS nth FROM held WHERE {_IN_SCOPE}) AS numbered JOIN pages ON"
        f' name = "check" AND number = {page_number} GROUP BY actor, status ORDER BY actor'
    )
    return map(_Links._make, results.query(sql))


class _Links(NamedTuple):
    """Links to the results of one status on an actor, and what the first tells of the actor."""

    actor: str
    status: str
    total: int
    markup: str
    digest: str
    first: int
    owner: str
    tier_lo: int
    tier_hi: int


def _actor(
    name: str, links: Mapping[str, _Links], anchor: str, page: str, card: AgentCard | None
) -> Actor:
    first = min(links.values(), key=lambda x: (x.status in HELD, x.first), default=None)
    tier = tier_text(first.tier_lo, first.tier_hi) if first else ""
    return Actor(
        name=short(name, ALL, 120) or say("The organisation"),
        anchor=anchor,
        page=page,
        owner=owner_text(first.owner, ALL) if name and first else "",
        tier=card.tier if card else tier if name else "",
        standing=_standing({s: links[s].total if s in links else 0 for s in STATUSES}),
        results=tuple((s, Markup(links[s].markup)) for s in STATUSES if s in links),
        digest=next((x.digest for x in links.values() if x.digest), ""),
        card=card,
    )


def _standing(totals: Mapping[str, int]) -> str:
    parts = (
        (totals["fail"], mark("{n} failing")),
        (totals["unknown"], mark("{n} unknown")),
        (totals["compensated"] + totals["attested"], mark("{n} compensated")),
    )
    open_parts = [say(text, n=number(k)) for k, text in parts if k] or [say("nothing is open")]
    held = totals[PASS] + totals["declared"]
    passes = [say("{n} pass", n=number(held))] if held else []
    return " · ".join(open_parts + passes)
