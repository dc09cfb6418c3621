"""Every finding on the screen, by check and by agent. In: a `shape.View`. Out: rows, and pages beside the report.

While the findings are few they all stand in the report's own page. A long run keeps the first of each check there
and the whole on pages of bounded size in a folder beside it, with an index.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reporter.texts import mark, say

from .findings import verdicts
from .shape import Check, View
from .shape_pictures import AgentCard
from .words import count, number, owner, record, short, slug, top_tier

INLINE = 4_000
"""Findings up to which the report's own page holds them all."""
FIRST = 25
"""Findings of a check in the report's page where the others stand beside it."""
CARDS = 250
"""Agents up to which the report's own page draws each one's path."""
PER_PAGE = 2_000
"""Findings on one page by check."""
NAMES_PER_PAGE = 8_000
"""Findings on one page by agent, where each is one link and a path counts as much as sixty."""
PATH = 60
LISTED = 10_000
"""Agents that the index lists by name; more it lists by page."""
FOLDER = "findings"
ALL = "findings.csv"


@dataclass(frozen=True, slots=True)
class Row:
    """One verdict that is no pass."""

    number: int
    """Its row in findings.csv, from 1; its anchor is v and this number."""
    page: str
    """File of the page that holds it; '' for the report's own."""
    check: str
    severity: str
    subject: str
    actor: str
    owner: str
    tier: str
    status: str
    """fail | unknown | compensated | attested"""
    reason: str
    record: str
    waived_until: str


@dataclass(frozen=True, slots=True)
class Page:
    """Findings of one check on one page."""

    file: str
    """'' for the report's own page."""
    check: Check
    title: str
    """"page 3 of 7"; empty for the only one."""
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Actor:
    """An agent or account and all that is open on it; '' is the organisation."""

    name: str
    anchor: str
    page: str
    owner: str
    tier: str
    standing: str
    """"4 failing · 2 unknown"."""
    rows: tuple[Row, ...]
    card: AgentCard | None
    """Its level and action path, if it is an agent."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The findings of a check in the report's page."""

    rows: tuple[Row, ...]
    note: str
    """"25 of 1,204 findings are listed here; all of them:"; empty where all are."""
    files: tuple[str, ...]
    """The pages that hold all."""


@dataclass(frozen=True, slots=True)
class Found:
    """All findings of a view and where they stand."""

    inline: bool
    text: str
    pages: tuple[Page, ...]
    actors: tuple[Actor, ...]
    by_check: dict[str, Listed]
    """Checks that have a finding."""


def found(view: View) -> Found:
    """Lay out every finding of a view."""
    cards = {card.agent: card for card in view.agents.cards}
    inline = len(view.findings) <= INLINE and len(cards) <= CARDS
    pages = tuple(_pages(view, inline))
    of_check: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        of_check[page.check.id].append(page)
    actors = tuple(_actors((r for p in pages for r in p.rows), cards, inline))
    text = say(
        "{verdicts} of {checks}, by {names}",
        verdicts=count(len(view.findings), "verdict"), checks=count(len(of_check), "check"), names=count(len(actors), "name"),
    )  # fmt: skip
    return Found(inline, text, pages, actors, {c: _listed(p, inline) for c, p in of_check.items()})


def _listed(pages: Sequence[Page], inline: bool) -> Listed:
    rows = pages[0].rows
    if inline:
        return Listed(rows, "", ())
    total = sum(len(p.rows) for p in pages)
    shown = rows[:FIRST]
    part = say("{n} of {all} findings are listed here; all of them:", n=number(len(shown)), all=number(total))  # fmt: skip
    note = part if total > len(shown) else say("The same on a page of its own:")
    return Listed(shown, note, tuple(p.file for p in pages))


def _by_check(view: View) -> dict[str, list[tuple[int, dict[str, str]]]]:
    """Group verdicts with their row numbers; what fails first, then by tier, the highest first."""
    grouped: dict[str, list[tuple[int, dict[str, str]]]] = defaultdict(list)
    for n, verdict in enumerate(verdicts(view), start=1):
        grouped[verdict["check"]].append((n, verdict))
    for rows in grouped.values():
        rows.sort(key=lambda row: (row[1]["status"] != "fail", -top_tier(row[1]["tier"]), row[0]))
    return grouped


def _pages(view: View, inline: bool) -> Iterator[Page]:
    grouped = _by_check(view)
    for check in view.checks:
        said = grouped.get(check.id, [])
        starts = range(0, len(said), INLINE if inline else PER_PAGE)
        for n, start in enumerate(starts, start=1):
            file = "" if inline else page_file(f"check{check.anchor[1:]}", n)
            rows = tuple(_row(*row, file) for row in said[start : start + starts.step])
            title = say("page {n} of {all}", n=n, all=len(starts)) if len(starts) > 1 else ""
            yield Page(file, check, title, rows)


def page_file(name: str, n: int) -> str:
    """Name a page; a plus sign is in no anchor, so no second page can be called like another's first."""
    return f"{name}+{n}.html" if n > 1 else f"{name}.html"


def _row(n: int, v: dict[str, str], page: str) -> Row:
    return Row(
        number=n,
        page=page,
        check=v["check"],
        severity=v["severity"],
        subject=short(v["subject"], ALL, 120),
        actor=v["actor"],
        owner=owner(short(v["owner"], ALL, 80)),
        tier=v["tier"],
        status=v["status"],
        reason=short(v["reason"], ALL),
        record=record(short(v["record"], ALL, 160)),
        waived_until=v["waived_until"],
    )


def _actors(rows: Iterable[Row], cards: Mapping[str, AgentCard], inline: bool) -> Iterator[Actor]:
    """Group rows by the agent or account they are about, by name; the organisation comes first."""
    own: dict[str, list[Row]] = {name: [] for name in cards}
    for row in rows:
        own.setdefault(row.actor, []).append(row)
    taken: set[str] = set()
    page, on_page = 1, 0
    for name in sorted(own):
        size = len(own[name]) + PATH * (name in cards)
        if on_page and on_page + size > NAMES_PER_PAGE:
            page, on_page = page + 1, 0
        on_page += size
        anchor, file = slug("a", name, taken), "" if inline else f"agents+{page}.html"
        yield _actor(name, own[name], anchor, file, cards.get(name))


def _actor(name: str, rows: Sequence[Row], anchor: str, page: str, card: AgentCard | None) -> Actor:
    return Actor(
        name=short(name, ALL, 120) or say("The organisation"),
        anchor=anchor,
        page=page,
        owner=rows[0].owner if name and rows else "",
        tier=card.tier if card else rows[0].tier if name else "",
        standing=_standing(rows) or say("nothing is open"),
        rows=tuple(rows),
        card=card,
    )


def _standing(rows: Sequence[Row]) -> str:
    n = Counter(r.status for r in rows)
    parts = (
        (n["fail"], mark("{n} failing")), (n["unknown"], mark("{n} unknown")), (n["compensated"] + n["attested"], mark("{n} made good")),
    )  # fmt: skip
    return " · ".join(say(text, n=number(k)) for k, text in parts if k)
