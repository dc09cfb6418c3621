"""Every result on the screen, by check and by agent. In: a `View`. Out: rows, and pages beside it.

A short run has all results in the page of the report. A long run keeps the first findings there,
and everything on pages of bounded size in a folder beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby, islice
from typing import Any, NamedTuple

from reporter.engine.base import quoted_list
from reporter.i18n.translate import mark, say
from reporter.model.scores import Status, tier_text
from reporter.report.chapters.chart_data import AgentCard
from reporter.report.document import View
from reporter.report.view.elements import Check
from reporter.report.view.format import count, number, owner, record, short, slug
from reporter.runs.store import RESULTS
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
LISTED = 10_000
"""Agents that the index lists by name; more it lists by page."""
FOLDER = "findings"
ALL = "findings.csv"
PASS = Status.PASS.value
STATUSES = ("fail", "unknown", "compensated", "attested", PASS)
"""In the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One result."""

    anchor: str
    """v- and the id of the result, the same in every run."""
    page: str
    """File of the page that holds it; '' for the report's own."""
    check: str
    severity: str
    subject: str
    actor: str
    owner: str
    tier: str
    tier_text: str
    """"tier 3"."""
    status: str
    """fail | unknown | compensated | attested | pass"""
    reason: str
    record: str
    waived_until: str


class Link(NamedTuple):
    """Where a result of a long run stands, and what its actor is told by."""

    anchor: str
    page: str
    check: str
    status: str
    owner: str
    tier: str


@dataclass(frozen=True, slots=True)
class Page:
    """Results of one check on one page, the passes last."""

    file: str
    """'' for the report's own page."""
    check: Check
    title: str
    """"page 3 of 7"; empty for the only one."""
    rows: tuple[Row, ...]


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
    results: tuple[tuple[str, tuple[Row | Link, ...]], ...]
    """By status: what is open, and the passes last; empty in an index."""
    card: AgentCard | None
    """Its level and action path, if it is an agent."""


@dataclass(frozen=True, slots=True)
class CheckListing:
    """The results of a check in the report's page."""

    rows: tuple[Row, ...]
    """Its findings, in a long run the first."""
    passes: tuple[Row, ...]
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


def listing(view: View) -> Listing:
    """Return every result of a run, or the first of each check and the place of the others."""
    total = sum(_size(c) for c in view.checks)
    inline = (
        len(view.findings) <= INLINE and total <= INLINE_RESULTS and len(view.agents.cards) <= CARDS
    )
    if inline:
        by_check = {p.check.id: _all_of(p) for p in check_pages(view, inline=True)}
        actors = tuple(
            _actors(view, [row for x in by_check.values() for row in (*x.rows, *x.passes)])
        )
        names = len(actors)
    else:
        by_check = {p.check.id: _first_of(p) for p in _first_pages(view)}
        actors, names = (), len(_sizes(view))
    passes = total - len(view.findings)
    return Listing(inline, _text(total, passes, len(by_check), names), by_check, actors)


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
    return _open_count(check) + check.counts.passed


def _all_of(page: Page) -> CheckListing:
    open_count = _open_count(page.check)
    return CheckListing(page.rows[:open_count], page.rows[open_count:], _passes(page.check), "", ())


def _first_of(page: Page) -> CheckListing:
    open_count, passes = _open_count(page.check), _passes(page.check)
    return CheckListing(
        page.rows, (), passes, _pointer(len(page.rows), open_count, passes), _files(page.check)
    )


def _passes(check: Check) -> str:
    return count(check.counts.passed, "pass") if check.counts.passed else ""


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
            mark("The same and {passes} on a page of its own:")
            if passes
            else mark("The same on a page of its own:")
        )
        return say(sentence, passes=passes)
    sentence = (
        mark("{n} of {all} findings are listed here; all of them, and {passes}:")
        if passes
        else mark("{n} of {all} findings are listed here; all of them:")
    )
    return say(sentence, n=number(shown_count), all=number(findings), passes=passes)


_COLUMNS = (
    *("id", "check", "subject", "actor", "owner", "tier_lo", "tier_hi"),
    *("status", "reason", "record", "waived_until"),
)
_CHECK_ORDER = (
    f"status = '{PASS}', status <> 'fail', CASE WHEN status <> '{PASS}' THEN -tier_hi END, place"
)
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
    rows = view.findings.results.each(
        _COLUMNS, _IN_SCOPE, f"ORDER BY {_by_check(view)}, {_CHECK_ORDER}"
    )
    return _pages(view, rows, inline)


def _first_pages(view: View) -> Iterator[Page]:
    """Yield the first findings of every check."""
    nth = f'row_number() OVER (PARTITION BY "check" ORDER BY {_CHECK_ORDER})'
    clause = (
        f"QUALIFY {nth} <= CASE WHEN status = '{PASS}' THEN 1 ELSE {FIRST} END ORDER BY"
        f" {_by_check(view)}, {nth}"
    )
    for page in _pages(view, view.findings.results.each(_COLUMNS, _IN_SCOPE, clause), inline=False):
        yield replace(page, rows=tuple(r for r in page.rows if r.status != PASS))


def _pages(view: View, rows: Iterable[tuple[Any, ...]], inline: bool) -> Iterator[Page]:
    checks = dict(zip(_names(view), view.checks, strict=True))
    # Many rows share a tier and an owner.
    tier = cache(lambda n: say("tier {n}", n=n))
    owner_text = _owner_texts()
    for name, group in groupby(rows, key=lambda row: row[1]):
        check = checks[name]
        files = ("",) if inline else _files(check)
        for position, file in enumerate(files, 1):
            part = tuple(
                _row(r, check, file, tier, owner_text)
                for r in (group if inline else islice(group, PER_PAGE))
            )
            if not part:
                break
            title = say("page {n} of {all}", n=position, all=len(files)) if len(files) > 1 else ""
            yield Page(file, check, title, part)


def page_file(name: str, position: int) -> str:
    """Name a page. No anchor has a plus sign, so pages of different lists never share a name."""
    return f"{name}+{position}.html" if position > 1 else f"{name}.html"


def _owner_texts() -> Callable[[str, str], str]:
    """Return how an owner is printed, cut texts naming a file."""
    return cache(lambda whose, file: owner(short(clean(whose), file, 80)))


def _row(
    values: tuple[Any, ...],
    check: Check,
    page: str,
    tier: Callable[[str], str],
    owner_text: Callable[[str, str], str],
) -> Row:
    """Print a result; cut texts name the file that has them in full."""
    id_, _, subject, actor, owner_name, lo, hi, status, reason, ref, waived_until = values
    file, tier_range = RESULTS if status == PASS else ALL, tier_text(lo, hi)
    return Row(
        anchor=f"v-{id_}",
        page=page,
        check=check.id,
        severity=check.severity,
        subject=short(clean(subject), file, 120),
        actor=clean(actor),
        owner=owner_text(owner_name, file),
        tier=tier_range,
        tier_text=tier(tier_range),
        status=status,
        reason=short(clean(reason), file),
        record=record(short(clean(ref), file, 160)),
        waived_until=waived_until,
    )


def _actors(view: View, rows: Iterable[Row]) -> Iterator[Actor]:
    """Group all rows by agent or account, by name; the organisation comes first."""
    cards = {card.agent: card for card in view.agents.cards}
    rows_by_actor: dict[str, list[Row]] = {name: [] for name in cards}
    for row in rows:
        rows_by_actor.setdefault(row.actor, []).append(row)
    slugs: set[str] = set()
    for name in sorted(rows_by_actor):
        yield _actor(name, rows_by_actor[name], slug("a", name, slugs), "", cards.get(name))


def _sizes(view: View) -> list[tuple[str, int]]:
    """Return everyone with a result or a picture, by name, with the number of results."""
    sizes = dict(view.findings.results.each(("actor", "count(*)"), _IN_SCOPE, "GROUP BY actor"))
    names = set(map(clean, sizes))
    sizes |= {card.agent: 0 for card in view.agents.cards if card.agent not in names}
    return sorted(sizes.items())


def actor_pages(view: View) -> Iterator[tuple[str, list[Actor]]]:
    """Yield everyone with a result or a picture in a long run, by name, page by page."""
    cards = {card.agent: card for card in view.agents.cards}
    links = groupby(_links(view), key=lambda pair: pair[0])
    slugs: set[str] = set()
    page: list[Actor] = []
    page_number, on_page = 1, 0
    for name, total in _sizes(view):
        size = total + PATH * (clean(name) in cards)
        if on_page and on_page + size > NAMES_PER_PAGE:
            yield f"agents+{page_number}.html", page
            page, page_number, on_page = [], page_number + 1, 0
        on_page += size
        rows = [row for _, row in next(links)[1]] if total else []
        anchor = slug("a", clean(name), slugs)
        page.append(
            _actor(clean(name), rows, anchor, f"agents+{page_number}.html", cards.get(clean(name)))
        )
    if page:
        yield f"agents+{page_number}.html", page


def _links(view: View) -> Iterator[tuple[str, Link]]:
    """Yield all results of a long run by actor name, each with its page by check."""
    checks = {name: (c, _files(c)) for name, c in zip(_names(view), view.checks, strict=True)}
    nth = f'row_number() OVER (PARTITION BY "check" ORDER BY {_CHECK_ORDER})'
    order = f"ORDER BY actor, {_by_check(view)}, {nth}"
    owner_text = _owner_texts()
    columns = ("id", "check", "actor", "owner", "tier_lo", "tier_hi", "status", nth)
    for id_, name, actor, owner_name, lo, hi, status, position in view.findings.results.each(
        columns, _IN_SCOPE, order
    ):
        check, files = checks[name]
        page = files[(position - 1) // PER_PAGE]
        yield (
            actor,
            Link(
                f"v-{id_}", page, check.id, status, owner_text(owner_name, ALL), tier_text(lo, hi)
            ),
        )


def _actor(
    name: str, rows: Sequence[Row | Link], anchor: str, page: str, card: AgentCard | None
) -> Actor:
    rows_by_status: dict[str, list[Row | Link]] = defaultdict(list)
    for row in rows:
        rows_by_status[row.status].append(row)
    first_row = next((r for r in rows if r.status != PASS), rows[0] if rows else None)
    return Actor(
        name=short(name, ALL, 120) or say("The organisation"),
        anchor=anchor,
        page=page,
        owner=first_row.owner if name and first_row else "",
        tier=card.tier if card else first_row.tier if name and first_row else "",
        standing=_standing({s: len(rows_by_status[s]) for s in STATUSES}),
        results=tuple((s, tuple(rows_by_status[s])) for s in STATUSES if rows_by_status[s]),
        card=card,
    )


def _standing(totals: Mapping[str, int]) -> str:
    parts = (
        (totals["fail"], mark("{n} failing")),
        (totals["unknown"], mark("{n} unknown")),
        (totals["compensated"] + totals["attested"], mark("{n} made good")),
    )
    open_parts = [say(text, n=number(k)) for k, text in parts if k] or [say("nothing is open")]
    passes = [say("{n} pass", n=number(totals[PASS]))] if totals[PASS] else []
    return " · ".join(open_parts + passes)
