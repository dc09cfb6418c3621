"""Every verdict on the screen, by check and by agent. In: a `shape.View`, and the passes, which it only counts. Out: rows, and pages beside the report.

While the verdicts are few they all stand in the report's own page. A long run keeps the first findings of each check
there and the whole on pages of bounded size in a folder beside it, with an index.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from reporter.scores import tier_text
from reporter.store import RESULTS
from reporter.texts import mark, say

from .findings import verdicts
from .shape import Check, View
from .shape_pictures import AgentCard
from .words import clean, count, number, owner, record, short, slug, top_tier

INLINE = 4_000
"""Findings up to which the report's own page holds them all."""
VERDICTS = 5_000
"""Verdicts, passes too, up to which it holds them all: 0.4 kB each, so with 250 agents the page stays below 5 MB."""
FIRST = 25
"""Findings of a check in the report's page where the others stand beside it."""
CARDS = 250
"""Agents up to which the report's own page draws each one's path."""
PER_PAGE = 2_000
"""Verdicts on one page by check."""
NAMES_PER_PAGE = 8_000
"""Verdicts on one page by agent, where each is one link and a path counts as much as sixty."""
PATH = 60
LISTED = 10_000
"""Agents that the index lists by name; more it lists by page."""
FOLDER = "findings"
ALL = "findings.csv"
PASS = "pass"
STATUSES = ("fail", "unknown", "compensated", "attested", PASS)
"""In the order in which they are listed."""


class Pass(NamedTuple):
    """A verdict of pass, as results.parquet holds it."""

    check: str
    subject: str
    reason: str
    record: str
    actor: str
    owner: str
    tier_lo: int
    tier_hi: int
    id: str


@dataclass(frozen=True, slots=True)
class Row:
    """One verdict."""

    anchor: str
    """v- and the id of the verdict, the same in every run."""
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


@dataclass(frozen=True, slots=True)
class Page:
    """Verdicts of one check on one page, the passes last."""

    file: str
    """'' for the report's own page."""
    check: Check
    title: str
    """"page 3 of 7"; empty for the only one."""
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Actor:
    """An agent or account and all verdicts on it; '' is the organisation."""

    name: str
    anchor: str
    page: str
    owner: str
    tier: str
    standing: str
    """"4 failing · 2 unknown · 37 pass"."""
    verdicts: tuple[tuple[str, tuple[Row, ...]], ...]
    """By status: what is open, and the passes last."""
    card: AgentCard | None
    """Its level and action path, if it is an agent."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The verdicts of a check in the report's page."""

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
class Found:
    """All verdicts of a run and where they stand."""

    inline: bool
    whole: bool
    """With the passes."""
    text: str
    pages: tuple[Page, ...]
    actors: tuple[Actor, ...]
    by_check: dict[str, Listed]
    """Checks that have a verdict here."""


def found(view: View, passes: Iterable[Pass] | None = None) -> Found:
    """Lay out every verdict of a run; without its passes, every finding."""
    cards = {card.agent: card for card in view.agents.cards}
    passed = _grouped(view, passes or ())
    total = len(view.findings) + sum(map(len, passed.values()))
    inline = len(view.findings) <= INLINE and total <= VERDICTS and len(cards) <= CARDS
    pages = tuple(_pages(view, passed, inline))
    of_check: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        of_check[page.check.id].append(page)
    actors = tuple(_actors((r for p in pages for r in p.rows), cards, inline))
    by_check = {c: _listed(p, inline) for c, p in of_check.items()}
    text = _text(total, total - len(view.findings), len(of_check), len(actors))
    return Found(inline, passes is not None, text, pages, actors, by_check)


def _text(total: int, passed: int, checks: int, names: int) -> str:
    verdicts = count(total, "verdict")
    if passed:
        verdicts += f" ({count(passed, 'pass')})"
    return say(
        "{verdicts} of {checks}, by {names}",
        verdicts=verdicts, checks=count(checks, "check"), names=count(names, "name"),
    )  # fmt: skip


def _listed(pages: Sequence[Page], inline: bool) -> Listed:
    n = Counter(r.status == PASS for p in pages for r in p.rows)
    passed = count(n[True], "pass") if n[True] else ""
    rows = pages[0].rows
    if inline:
        return Listed(rows[: n[False]], rows[n[False] :], passed, "", ())
    shown = rows[: min(n[False], FIRST)]
    note = _pointer(len(shown), n[False], passed)
    return Listed(shown, (), passed, note, tuple(p.file for p in pages))


def _pointer(shown: int, findings: int, passed: str) -> str:
    """Say what stands on the pages of a check, of which its first findings are shown."""
    if not findings:
        return say("{passes}, with their records:", passes=passed)
    if findings == shown:
        same = mark("The same and {passes} on a page of its own:") if passed else mark("The same on a page of its own:")  # fmt: skip
        return say(same, passes=passed)
    first = (
        mark("{n} of {all} findings are listed here; all of them, and {passes}:")
        if passed
        else mark("{n} of {all} findings are listed here; all of them:")
    )
    return say(first, n=number(shown), all=number(findings), passes=passed)


def _grouped(view: View, passes: Iterable[Pass]) -> dict[str, list[Pass]]:
    """Group passes by check."""
    grouped: dict[str, list[Pass]] = {c.id: [] for c in view.checks}
    for verdict in passes:
        grouped[clean(verdict.check)].append(verdict)
    return grouped


def _by_check(view: View) -> dict[str, list[tuple[int, dict[str, str]]]]:
    """Group verdicts with their row numbers; what fails first, then by tier, the highest first."""
    grouped: dict[str, list[tuple[int, dict[str, str]]]] = defaultdict(list)
    for n, verdict in enumerate(verdicts(view), start=1):
        grouped[verdict["check"]].append((n, verdict))
    for rows in grouped.values():
        rows.sort(key=lambda row: (row[1]["status"] != "fail", -top_tier(row[1]["tier"]), row[0]))
    return grouped


def _pages(view: View, passed: Mapping[str, Sequence[Pass]], inline: bool) -> Iterator[Page]:  # fmt: skip
    findings = _by_check(view)
    tier = cache(lambda n: say("tier {n}", n=n))  # few, and said for every row
    for check in view.checks:
        said, good = findings.get(check.id, []), passed[check.id]
        total = len(said) + len(good)
        starts = range(0, total, total if inline else PER_PAGE) if total else range(0)
        for n, start in enumerate(starts, start=1):
            file = "" if inline else page_file(f"check{check.anchor[1:]}", n)
            end = start + starts.step
            rows = [_row(v, file, ALL, tier) for _, v in said[start:end]]
            rest = slice(max(start - len(said), 0), max(end - len(said), 0))
            rows += [_row(_verdict(p, check), file, RESULTS, tier) for p in good[rest]]
            title = say("page {n} of {all}", n=n, all=len(starts)) if len(starts) > 1 else ""
            yield Page(file, check, title, tuple(rows))


def page_file(name: str, n: int) -> str:
    """Name a page; a plus sign is in no anchor, so no second page can be called like another's first."""
    return f"{name}+{n}.html" if n > 1 else f"{name}.html"


def _row(v: Mapping[str, str], page: str, file: str, tier: Callable[[str], str]) -> Row:
    """Print a verdict; what is cut stands in the file that is named."""
    return Row(
        anchor=f"v-{v['id']}",
        page=page,
        check=v["check"],
        severity=v["severity"],
        subject=short(v["subject"], file, 120),
        actor=v["actor"],
        owner=owner(short(v["owner"], file, 80)),
        tier=v["tier"],
        tier_text=tier(v["tier"]),
        status=v["status"],
        reason=short(v["reason"], file),
        record=record(short(v["record"], file, 160)),
        waived_until=v["waived_until"],
    )


def _verdict(p: Pass, check: Check) -> dict[str, str]:
    """Name what a pass holds as the columns of the findings do."""
    return {
        "id": p.id,
        "check": check.id,
        "severity": check.severity,
        "subject": clean(p.subject),
        "actor": clean(p.actor),
        "owner": clean(p.owner),
        "tier": tier_text(p.tier_lo, p.tier_hi),
        "status": PASS,
        "reason": clean(p.reason),
        "record": clean(p.record),
        "waived_until": "",
    }


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
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.status].append(row)
    first = next((r for r in rows if r.status != PASS), rows[0] if rows else None)
    return Actor(
        name=short(name, ALL, 120) or say("The organisation"),
        anchor=anchor,
        page=page,
        owner=first.owner if name and first else "",
        tier=card.tier if card else first.tier if name and first else "",
        standing=_standing({s: len(grouped[s]) for s in STATUSES}),
        verdicts=tuple((s, tuple(grouped[s])) for s in STATUSES if grouped[s]),
        card=card,
    )


def _standing(n: Mapping[str, int]) -> str:
    parts = (
        (n["fail"], mark("{n} failing")), (n["unknown"], mark("{n} unknown")), (n["compensated"] + n["attested"], mark("{n} made good")),
    )  # fmt: skip
    still_open = [say(text, n=number(k)) for k, text in parts if k] or [say("nothing is open")]
    passed = [say("{n} pass", n=number(n[PASS]))] if n[PASS] else []
    return " · ".join(still_open + passed)
