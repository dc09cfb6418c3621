"""What to bring next. In: unknown results, counted by reason. Out: asks, each with the results that
it can decide, what decides most first. What is missing is asked for by table: a list is one file.

Each unknown result is counted once: in one ask, or among those that no further file settles.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from reporter.i18n.translate import mark, say
from reporter.model.assessment import Wanted
from reporter.report.view.format import clean, number

MOST_COLUMNS = 6
"""Columns named in one ask."""
ALTERNATIVES = 3
"""Exports named for one ask."""
Key = tuple[str, ...]
"""What an ask is for: its kind, and a name or columns."""
_NO_LOG, _ABSENT, _UNLISTED, _SILENT = "logs", "log", "register", "days"
_PARTIAL, _UNREAD, _COLUMNS = "pages", "field", "columns"
_EVENTS = "events."
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
    results: int
    """How many it would decide, beside those that stand before it."""
    checks: tuple[str, ...]


def lack(check: str, code: str, values: str, results: int) -> Lack:
    """Return a lack by a row of results: its reason code, and the values as JSON."""
    return Lack(check, code, msgspec.json.decode(values) if values else {}, results)


def asks(
    lacks: Iterable[Lack], wanted: Sequence[Wanted], has_logs: bool
) -> tuple[tuple[Ask, ...], int]:
    """Return what would decide unknown results, the best first, and how many nothing of it decides.

    `wanted` are exports that would fill what is missing: they are named where one fills all of it.
    """
    found: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    gaps: dict[tuple[str, frozenset[str]], int] = defaultdict(int)
    others = 0
    for entry in lacks:
        columns = frozenset(entry.values.get("columns") or ())
        if columns and not has_logs and all(c.startswith(_EVENTS) for c in columns):
            found[_NO_LOG,][entry.check] += entry.results
        elif columns:
            gaps[entry.check, columns] += entry.results
        elif key := _key(entry):
            found[key][entry.check] += entry.results
        else:
            others += entry.results
    picks = [_ask((_COLUMNS, *names), n, wanted) for names, n in _by_tables(gaps)]
    files = [_ask(key, n, wanted) for key, n in found.items()]
    return tuple(_merged(picks, sorted(files, key=lambda a: (-a.results, a.what)))), others


def _merged(picks: Sequence[Ask], files: Sequence[Ask]) -> Iterable[Ask]:
    """Yield asks of both lists, always the larger of the first; picks count in their order."""
    left, right = [*picks], [*files]
    while left or right:
        is_pick = left and (not right or left[0].results >= right[0].results)
        yield (left if is_pick else right).pop(0)


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


def _by_tables(
    gaps: Mapping[tuple[str, frozenset[str]], int],
) -> Iterable[tuple[tuple[str, ...], dict[str, int]]]:
    """Yield the missing columns of tables, those that most results need first, with the results by
    check that they decide: always of the fewest tables, and of those that decide most.
    """
    open_gaps, there = dict(gaps), frozenset[str]()
    while open_gaps:
        sizes: dict[frozenset[str], int] = defaultdict(int)
        for (_, columns), n in open_gaps.items():
            sizes[_tables(columns) - there] += n
        totals = {s: sum(n for other, n in sizes.items() if other <= s) for s in sizes}
        best = min(totals, key=lambda s: (len(s), -totals[s], sorted(s)))
        there |= best
        checks: dict[str, int] = defaultdict(int)
        needed: Counter[str] = Counter()
        for check, columns in [key for key in open_gaps if _tables(key[1]) <= there]:
            n = open_gaps.pop((check, columns))
            checks[check] += n
            needed.update(dict.fromkeys((c for c in columns if _is_named(c, best)), n))
        names = sorted(needed, key=lambda c: (-needed[c], c))
        yield tuple(names or (f"{t}.actor_id" for t in sorted(best))), checks


def _is_named(column: str, tables: frozenset[str]) -> bool:
    """Tell whether a column is asked for with some tables. Of whom a row is goes without saying."""
    table, _, name = column.partition(".")
    return table in tables and name != "actor_id"


def _tables(columns: Iterable[str]) -> frozenset[str]:
    return frozenset(c.partition(".")[0] for c in columns)


def _ask(key: Key, checks: Mapping[str, int], wanted: Sequence[Wanted]) -> Ask:
    kind, *names = key
    texts: Mapping[str, Callable[[], tuple[str, str]]] = {
        _NO_LOG: _log_text,
        _UNLISTED: _register_text,
        _ABSENT: lambda: _absent_text(names[0]),
        _SILENT: lambda: _days_text(names[0]),
        _PARTIAL: lambda: _pages_text(names[0]),
        _UNREAD: lambda: _field_text(names[0]),
        _COLUMNS: lambda: _columns_text(names, wanted),
    }
    return Ask(*texts[kind](), sum(checks.values()), tuple(sorted(checks)))


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


def _columns_text(names: Sequence[str], wanted: Sequence[Wanted]) -> tuple[str, str]:
    """Name columns by table, and the exports that fill all of them."""
    by_table: dict[str, list[str]] = defaultdict(list)
    for name in names[:MOST_COLUMNS]:
        table, _, column = name.partition(".")
        by_table[table].append(column)
    what = "; ".join(
        f"{say(LISTS.get(table, table))}: {', '.join(columns)}"
        for table, columns in by_table.items()
    )
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
