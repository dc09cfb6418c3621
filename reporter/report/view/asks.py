"""What to bring next. In: unknown results, counted by reason. Out: asks, each with the results that
it decides alone and with others, what decides most alone first. A list of a table is one ask.

Each unknown result is counted once: as decided by one ask, by several, or by no file.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from reporter.i18n.translate import mark, say, say_n
from reporter.model.assessment import Wanted
from reporter.report.view.format import clean, count, number

MOST_COLUMNS = 6
"""Columns named in one ask."""
PARTNERS = 2
"""Others named with one ask, unless it decides nothing with so few."""
ALTERNATIVES = 3
"""Exports named for one ask."""
Key = tuple[str, ...]
"""What an ask is for: its kind, and a name or columns."""
_NO_LOG, _ABSENT, _UNLISTED, _SILENT = "logs", "log", "register", "days"
_PARTIAL, _UNREAD, _COLUMNS = "pages", "field", "columns"
_EVENTS = "events"
LISTS: Mapping[str, str] = {
    "actors": mark("Agents and accounts"),
    "credentials": mark("Keys and certificates"),
    "grants": mark("Permissions of agents"),
    "approvals": mark("Approvals"),
    "reviews": mark("Access reviews"),
    "review_items": mark("Decisions of access reviews"),
    "state_changes": mark("Lifecycle of agents"),
    "components": mark("Models and tools that agents load"),
    "artifacts": mark("Signatures of packages"),
    "links": mark("Links between agents"),
    "changes": mark("Changes of agents"),
    "snapshot_items": mark("What agents were approved with"),
    "third_parties": mark("Third parties"),
    "vendors": mark("Suppliers"),
    "exceptions": mark("Exceptions"),
    "incidents": mark("Incidents"),
    "alerts": mark("Alerts"),
    "tests": mark("Test results"),
    "log_stores": mark("How logs are kept"),
    "policies": mark("Policies"),
    "actor_log_sources": mark("Which log shows which agent"),
    "events": mark("Logs"),
}
"""Table -> what a list of it is called."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Results of a check that are unknown for one reason."""

    check: str
    code: str
    values: Mapping[str, Any]
    results: int


@dataclass(frozen=True, slots=True)
class Ask:
    """What to bring."""

    what: str
    how: str
    """Where it comes from, or what to do."""
    alone: int
    """Unknown results for which nothing else is missing."""
    checks: tuple[str, ...]
    """Checks of all results that need it."""
    columns: tuple[str, ...]
    """All that are missing, as table.column."""
    partners: tuple[str, ...] = ()
    """What of the others is best brought with it."""
    together: int = 0
    """How many more results are then decided."""


@dataclass(frozen=True, slots=True)
class ToBring:
    """What would decide unknown results; each of these is counted once."""

    asks: tuple[Ask, ...]
    """By the results decided alone, then by those decided with partners."""
    needs: Mapping[frozenset[int], int]
    """Places in `asks` -> results that need all of them, and nothing else."""
    others: int
    """Results that no file decides."""

    def decided(self, first: int) -> int:
        """Count the results that the first so many asks decide, alone and together."""
        return sum(n for places, n in self.needs.items() if max(places) < first)

    @property
    def of_several(self) -> int:
        """Results that need more than one."""
        return sum(n for places, n in self.needs.items() if len(places) > 1)


def lack(check: str, code: str, values: str, results: int) -> Lack:
    """Return a lack by a row of results: its reason code, and the values as JSON."""
    return Lack(check, code, msgspec.json.decode(values) if values else {}, results)


def asks(lacks: Iterable[Lack], wanted: Sequence[Wanted], has_logs: bool) -> ToBring:
    """Return what would decide unknown results.

    `wanted` are exports that would fill what is missing: they are named where they hold most of it.
    """
    needs: Counter[frozenset[Key]] = Counter()
    checks: dict[Key, set[str]] = defaultdict(set)
    columns: dict[Key, Counter[str]] = defaultdict(Counter)
    others = 0
    for entry in lacks:
        missing = _missing(entry, has_logs)
        for key, names in missing.items():
            checks[key].add(entry.check)
            columns[key].update(dict.fromkeys(names, entry.results))
        if missing:
            needs[frozenset(missing)] += entry.results
        else:
            others += entry.results
    found = {k: _ask(k, columns[k], tuple(sorted(checks[k])), needs, wanted) for k in checks}
    order = sorted(found, key=lambda k: (-found[k].alone, -found[k].together, found[k].what))
    places = {key: place for place, key in enumerate(order)}
    by_place = {frozenset(places[k] for k in keys): n for keys, n in needs.items()}
    return ToBring(tuple(found[k] for k in order), by_place, others)


def _missing(entry: Lack, has_logs: bool) -> dict[Key, set[str]]:
    """Return all that must be brought before a result is decided, with the columns of it; nothing
    where no file decides it.
    """
    values, missing = entry.values, defaultdict[Key, set[str]](set)
    columns = [*(values.get("columns") or ()), *(values.get("also") or ())]
    for column in columns:
        table = column.partition(".")[0]
        if table == _EVENTS and not has_logs:
            missing[_NO_LOG,] = set()
        else:
            missing[_COLUMNS, table].add(column)
    if not columns and (key := _key(entry)):
        missing[key] = set()
    if then := values.get("then"):
        following = Lack(entry.check, then["code"], then["values"], 0)
        for key, names in _missing(following, has_logs).items():
            missing[key] |= names
    return missing


def _key(entry: Lack) -> Key | None:
    """Return what would decide a reason without columns; None where no file does."""
    values = entry.values
    silent = _SILENT if values.get("seen") else _ABSENT, str(values.get("log_source", ""))
    return {
        "no_log": (_NO_LOG,),
        "no_events": (_NO_LOG,),
        "unlisted": (_UNLISTED,),
        "unclassed": (_UNLISTED,),
        "silent_days": silent,
        "silent_hours": silent,
        "partial_export": (_PARTIAL, _listed(values.get("sources", ""))),
        "unread": (_UNREAD, str(values.get("column", ""))),
    }.get(entry.code)


def _listed(values: Any) -> str:
    return ", ".join(values) if isinstance(values, list) else str(values)


def _ask(
    key: Key,
    columns: Mapping[str, int],
    checks: tuple[str, ...],
    needs: Mapping[frozenset[Key], int],
    wanted: Sequence[Wanted],
) -> Ask:
    missing = sorted(columns, key=lambda c: (-columns[c], c))
    what, how = _text(key, missing, wanted)
    partners, together = _partners(key, needs)
    return Ask(
        what,
        how,
        needs.get(frozenset({key}), 0),
        checks,
        tuple(missing),
        tuple(sorted(map(_title, partners))),
        together,
    )


def _partners(key: Key, needs: Mapping[frozenset[Key], int]) -> tuple[frozenset[Key], int]:
    """Return with what an ask decides most that it does not decide alone, and how much: with few
    others, for a list of all decides all.
    """
    found = {keys - {key}: n for keys, n in needs.items() if key in keys and len(keys) > 1}
    least = min(map(len, found), default=0)
    totals = {
        with_keys: sum(n for other, n in found.items() if other <= with_keys)
        for with_keys in found
        if len(with_keys) <= max(PARTNERS, least)
    }
    best = min(totals, key=lambda k: (-totals[k], len(k), sorted(k)), default=frozenset[Key]())
    return best, totals.get(best, 0)


def _title(key: Key) -> str:
    """Say what an ask is for, without columns."""
    return say(LISTS.get(key[1], key[1])) if key[0] == _COLUMNS else _text(key, (), ())[0]


def _text(key: Key, columns: Sequence[str], wanted: Sequence[Wanted]) -> tuple[str, str]:
    kind, *names = key
    texts: Mapping[str, Callable[[], tuple[str, str]]] = {
        _NO_LOG: _log_text,
        _UNLISTED: _register_text,
        _ABSENT: lambda: _absent_text(names[0]),
        _SILENT: lambda: _days_text(names[0]),
        _PARTIAL: lambda: _pages_text(names[0]),
        _UNREAD: lambda: _field_text(names[0]),
        _COLUMNS: lambda: _columns_text(names[0], columns, wanted),
    }
    return texts[kind]()


def more_text(ask: Ask) -> str:
    """Say what else an ask decides, and with what; '' where it needs no partner."""
    if not ask.together:
        return ""
    return say_n(
        "{n} more with {partners}",
        "{n} more with {partners}",
        ask.together,
        partners="; ".join(ask.partners),
    )


def rest_text(to_bring: ToBring, first: int) -> str:
    """Count what the asks after the first decide beside those; '' where there are none."""
    left = len(to_bring.asks) - first
    if left <= 0:
        return ""
    results = count(to_bring.decided(len(to_bring.asks)) - to_bring.decided(first), "result")
    return say_n(
        "{n} further line is needed for {results}.",
        "{n} further lines are needed for {results}.",
        left,
        results=results,
    )


def _log_text() -> tuple[str, str]:
    return (
        say("Logs of what the agents do"),
        say(
            "Put exports of the gateway, the platform or the systems where agents act into logs/."
            " They should cover the period and name the agent in each event."
        ),
    )


def _register_text() -> tuple[str, str]:
    return (
        say("A register that lists everyone who acts"),
        say(
            "Put a list of agents and accounts into inventory/, with the ids that the logs "
            "use. The more it records, the more it decides: state, owner, risk tier, "
            "purpose, approvals, permissions."
        ),
    )


def _absent_text(log_source: str) -> tuple[str, str]:
    return (
        say("The log {log}", log=clean(log_source)),
        say("It is declared, and shows nothing in the period. Put an export of it into logs/."),
    )


def _days_text(log_source: str) -> tuple[str, str]:
    return (
        say("The missing time of log {log}", log=clean(log_source)),
        say(
            "Export the whole period again. If the log delivers less often, say so in reporter.yml"
            " under log_sources."
        ),
    )


def _pages_text(sources: str) -> tuple[str, str]:
    return (
        say("The other pages of the export of {sources}", sources=clean(sources)),
        say("Fetch all pages until the answer names no next one, and put them side by side."),
    )


def _field_text(column: str) -> tuple[str, str]:
    return (
        say("Readable values of {column}", column=clean(column)),
        say("Correct the fields that quarantine.csv lists, or export them again."),
    )


def _columns_text(table: str, columns: Sequence[str], wanted: Sequence[Wanted]) -> tuple[str, str]:
    """Name the columns of a table, and the exports that fill most of them. Of whom a row is goes
    without saying.
    """
    names = [c for c in columns if not c.endswith(".actor_id")] or [*columns]
    listed = ", ".join(c.partition(".")[2] for c in names[:MOST_COLUMNS])
    what = f"{say(LISTS.get(table, table))}: {listed}"
    if len(names) > MOST_COLUMNS:
        what += say(" and {n} more", n=number(len(names) - MOST_COLUMNS))
    shares = {t: len({*names} & {*w.columns}) for w in wanted for t in w.titles}
    titles = [
        clean(t) for t in sorted(shares, key=lambda t: -shares[t]) if shares[t] * 2 >= len(names)
    ]
    if not titles:
        return what, say("Write a list with these columns, or add them: docs/formats.md.")
    return what, say(
        "Exports that hold most of it: {titles}. Or add columns to a list or log of your own.",
        titles="; ".join(titles[:ALTERNATIVES]),
    )
