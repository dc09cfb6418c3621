"""What an unknown table says as a log. In: its name, headings and rows. Out: whether each row is an
event, how sure and why, and what each column says of it.

A log has a time of day beside somebody who acted and what was done. A register may have them too,
of a thing as it stands: such headings speak against it. Who is an agent is never guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reporter.authoring.infer_columns import Guess, day_or_month
from reporter.authoring.read_table import Table
from reporter.content.mapping import WHO
from reporter.privacy import synonyms

SURE, PERHAPS, LEAST_SURE = 50, 40, 60
"""Percent from which a column is mapped; from which it is where it is given that the table is a log
and nothing says it better; and what is given to a column that says two things.
"""
NEARLY_ALL, MOST = 95, 80
LEAST_KNOWN = 70
"""Percent of the words of an outcome that must be known: rows of the others are rejected."""
DISTINCT, WORDS = 300, 12
LONGEST = 120
"""Characters on average from which a text is a message rather than a name."""
TRIED = 2000
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d([.,]\d+)?)?( [AaPp]\.?[Mm]\.?)?( Uhr)?")
_ISO = re.compile(
    r"\d{4}([-/])\d{1,2}\1\d{1,2}[T ]\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?UTC|Z|[+-]\d\d(:?\d\d)?)?"
)
_ZONED = re.compile(r".*(Z|UTC|GMT|[+-]\d\d:?\d\d)")
_TWO_NUMBERS = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-]\d{2,4}\b")
_SPANS = {
    "epoch": (946684800, 4102444800),
    "epoch_ms": (946684800e3, 4102444800e3),
    "epoch_us": (946684800e6, 4102444800e6),
    "epoch_ns": (946684800e9, 4102444800e9),
    "excel": (36526, 62000),
}
_DAYS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d/%b/%Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %B %Y",
)
_SIGNED = {
    "day": ("%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y"),
    "month": ("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y"),
}
_TIMES = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%H:%M:%S,%f", "%I:%M:%S %p", "%I:%M %p")
_ENDS = ("", " %z", "%z", " Uhr")
_JOINS = (" ", ", ", "T", ":", " / ")
_WHOLE = (
    "%a, %d %b %Y %H:%M:%S GMT",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a %b %d %H:%M:%S %Y",
)
_IP = r"\d{1,3}(\.\d{1,3}){3}(:\d+)?|(?=[^:]*(:[^:]+){7}$|.*::)[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}"
_MAIL = r"[^\s@]+@[^\s@]+\.[^\s@]+"
_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_IDENTITY_ARN = r"arn:aws[\w-]*:(iam|sts):.*"
_HTTP = r"[1-5]\d\d"
_STATUS = {"2xx": "success", "401": "denied", "403": "denied", "4xx": "error", "5xx": "error"}
_IDS = (*WHO, "on_behalf_of", "session_id", "parent_session_id", "event_id", "approval_id")
_ASIDE = ("session_id", "tool", "resource", "source_ip", "user_agent", "event_id", "destination")
"""Columns that logs have, beside the necessary ones."""
_PLAIN_EFFECTS = {"read", "write", "delete", "transfer", "publish"}
"""What an action of that name does; what a call or a run does, it does not say."""
_MAY_BE_EMPTY = ("approval_id", "on_behalf_of", "parent_session_id", "tool", "credential_id")


@dataclass(slots=True)
class Log:
    """A table as a log."""

    sure: int
    """Percent."""
    why: str
    picks: list[Guess]
    candidates: list[Guess]
    missing: str = ""
    """What a log must say and this table does not; '' when nothing."""
    notes: list[str] = field(default_factory=list)


def log_of(about: str, table: Table, secret_headings: Sequence[str], is_given: bool) -> Log:
    """Say how sure it is that each row is an event, and what the columns say; `about` is the name
    of file and sheet in plain words. Where it is given that it is a log, a column that may say who
    acted or what was done is taken for it.
    """
    keys = [k for k in (*table.headings, *table.optional) if k not in secret_headings]
    texts = {k: _texts(table.values_below(k)) for k in keys}
    order = table.order_of([v for vs in texts.values() for v in vs[:TRIED]])
    candidates = [*_day_and_clock(table, texts, order)]
    for key in keys:
        if texts[key] is not None and not any(isinstance(v, list) for v in table.values_below(key)):
            candidates += _guesses(key, texts[key], len(table.rows), order)
    candidates.sort(key=lambda g: (-g.sure, keys.index(g.heading)))
    picks = _picks(candidates)
    for names in (WHO, ("action",)) if is_given else ():
        _take_near(picks, candidates, names)
    _add_effect(picks, texts)
    picks.sort(key=lambda g: keys.index(g.heading))
    sure, why = _weigh(about, table, candidates, picks, texts)
    return Log(sure, why, picks, candidates, _missing(candidates, picks), _notes(picks, texts))


def is_like_one(table: Table) -> str:
    """Name the columns for which a table looks like a log rather than a register; '' for none."""
    keys = [*table.headings, *table.optional]
    stamps = [
        k
        for k in keys
        if re.fullmatch(synonyms.STAMPS, synonyms.plain(k))
        and _has_clock(_texts(table.values_below(k)[:100]))
    ]
    others = [
        k for k in keys if k not in stamps and re.fullmatch(synonyms.LOGGED, synonyms.plain(k))
    ]
    return f"{stamps[0]} beside {', '.join(others[:3])}" if stamps and len(others) > 1 else ""


def _texts(values: Iterable[Any]) -> list[str]:
    return [
        x if isinstance(x, str) else json.dumps(x)
        for v in values
        for x in (v if isinstance(v, list) else [v])
    ]


def _has_clock(cells: Sequence[str]) -> bool:
    """Tell whether cells are times of day rather than dates."""
    hits = sum(bool(re.search(r"\d:\d\d|^\d{10,19}(\.\d+)?$", c)) for c in cells)
    return bool(cells) and hits * 100 >= len(cells) * MOST


def _fit(
    heading: str, ranks: Iterable[tuple[int, str]], of_others: str = synonyms.OF_ANOTHER
) -> int:
    """How well a heading fits a name, in percent: as it stands, or without words that say nothing
    and steps of its path.
    """
    words = synonyms.words_of(heading)[0]
    best = 0
    for rank, pattern in ranks:
        if re.fullmatch(pattern, words):
            return rank
        bare_words = re.sub(f"^{synonyms.BARELY_HEADING}", "", words)
        if bare_words != words and "ingest" not in pattern and re.fullmatch(pattern, bare_words):
            best = max(best, rank - 5)
        steps = heading.split(".")
        for n in range(1, len(steps)):
            rest, before = (synonyms.plain(" ".join(x)) for x in (steps[n:], steps[:n]))
            says_all = not re.fullmatch(synonyms.VAGUE, rest) or re.fullmatch(
                f"({synonyms.BARELY_HEADING})+", f"{before} "
            )
            if says_all and re.fullmatch(pattern, rest) and not re.search(of_others, before):
                best = max(best, rank - 8 - 2 * n)
    return best


def _guesses(heading: str, values: list[str], rows: int, order: str) -> list[Guess]:
    """What a column may say of an event: by its heading, where that says nothing by its cells."""
    guesses = []
    for target, ranks in synonyms.EVENT_NAMES.items():
        others = f"{synonyms.OF_ANOTHER}|{synonyms.OF_NO_ACTOR}"
        if rank := _fit(heading, ranks, others if target in WHO else synonyms.OF_ANOTHER):
            sure, why, entry = _says(target, heading, values, rows, order)
            sure = min(rank, sure) - (_less_telling(heading) if target in WHO else 0)
            guesses.append(Guess(heading, _place(target), max(0, sure), why, entry))
    if not any(g.sure > SURE for g in guesses):
        known_targets = {g.target for g in guesses}
        guesses += [
            g for g in _by_cells(heading, values, rows, order) if g.target not in known_targets
        ]
    return guesses


def _less_telling(heading: str) -> int:
    """Percent by which one name of an actor stands back behind others that logs give beside it."""
    words = synonyms.plain(heading).split()
    ranks = {"display": 8, "full": 8, "uid": 5, "uuid": 5, "name": 4, "email": 2, "mail": 2}
    return max((ranks.get(w, 0) for w in words[-2:]), default=0) if len(words) > 1 else 0


def _place(target: str) -> str:
    return target if target in ("event_class", "actor_kind") else f"events.{target}"


def _by_cells(heading: str, values: list[str], rows: int, order: str) -> Iterator[Guess]:
    words = synonyms.words_of(heading)[0]
    if not values or re.search(synonyms.OF_ANOTHER, words) or len(words.split()) > 3:  # noqa: PLR2004 - a sentence
        return
    if not re.fullmatch(synonyms.NO_EVENT_TIME, words) and _share(values, r".*\d:\d\d.*") > MOST:
        sure, why, entry = _time(heading, values, order)
        yield Guess(heading, "events.occurred_at", min(60, sure), why, entry)
    distinct_count = len(set(values))
    for target, pattern, sure, why in (
        ("principal_id", _IDENTITY_ARN, 65, "ARNs of identities"),
        ("resource", r"arn:aws.*", 60, "ARNs"),
        ("actor_id", _MAIL, 60, "mail addresses"),
        ("source_ip", _IP, 45, "addresses: of the caller, or of whom it calls?"),
    ):
        if (share := _share(values, pattern)) >= NEARLY_ALL:
            yield Guess(heading, f"events.{target}", sure, f"{share} % are {why}", heading)
            return
    if _share(values, _UUID) >= NEARLY_ALL:
        target = "session_id" if distinct_count * 10 < rows * 7 else "event_id"
        yield Guess(
            heading,
            f"events.{target}",
            55,
            f"UUIDs, {distinct_count} different in {rows} rows",
            heading,
        )
    elif distinct_count <= WORDS:
        for target in ("outcome", "effect"):
            sure, why, entry = _words(target, heading, values)
            if sure >= NEARLY_ALL and distinct_count > 1:
                yield Guess(heading, f"events.{target}", LEAST_KNOWN, why, entry)


def _says(
    target: str, heading: str, values: list[str], rows: int, order: str
) -> tuple[int, str, Any]:
    """How well cells fit a column, in percent; why; and what the mapping then says."""
    if not values:
        return (55 if target in _MAY_BE_EMPTY else 0), "empty in every row", heading
    if target in ("occurred_at", "ingested_at"):
        words = synonyms.words_of(heading)[0]
        if target == "occurred_at" and re.fullmatch(synonyms.NO_EVENT_TIME, words):
            return 0, "of a thing as it stands, rather than of what happened", heading
        return _time(heading, values, order)
    if target == "outcome":
        return _outcome(heading, values)
    if target in synonyms.EVENT_WORDS:
        sure, why, entry = _words(target, heading, values)
        if target == "actor_kind" and _share(values, synonyms.CUSTOMERS):
            return 30, "agents beside customers are people", heading
        return sure, why, entry
    if target == "environment":
        return _words(target, heading, values, synonyms.WORDS["environment"])
    if target == "sequence":
        share = _share(values, r"\d+")
        return share, f"{share} % are whole numbers", heading
    if target == "source_ip":
        share = _share(values, _IP)
        return share, f"{share} % are addresses", heading
    mean, distinct_count = sum(map(len, values)) // len(values), len(set(values))
    summary = f"{distinct_count} different in {rows} rows"
    if target in _IDS:
        return _id(target, heading, values, rows, summary)
    if target == "action" and _share(values, r"[\d.]+|true|false") > MOST:
        return 40, "numbers, rather than names of what was done", heading
    if target == "action" and distinct_count == 1 < rows and _fit(heading, ((1, r"type"),)):
        return 45, "one kind in every row: what a record is rather than what was done", heading
    if mean > LONGEST and target not in ("user_agent", "resource"):
        return 30, "texts rather than names", heading
    if target == "action" and distinct_count == rows > 5:  # noqa: PLR2004 - few rows prove nothing
        return 65, f"{summary}: names that come only once", heading
    return 100, summary, heading


def _id(
    target: str, heading: str, values: list[str], rows: int, summary: str
) -> tuple[int, str, Any]:
    if sum(map(len, values)) > LONGEST * len(values) or _share(values, r"true|false|yes|no") > SURE:
        return 20, "no ids", heading
    if target in WHO and _share(values, f"{_IP}|.*\\d:\\d\\d.*") > SURE:
        return 20, "addresses or times", heading
    if target == "event_id" and len(set(values)) < len(values):
        return 40, f"{summary}: no id of an event appears twice", heading
    if target.endswith("session_id") and len(set(values)) == rows > 5:  # noqa: PLR2004 - as above
        return 40, f"{summary}: a session has several events", heading
    mails = _share(values, _MAIL)
    sure = 100
    if target == "actor_id" and re.search(r"\baccount\b", synonyms.plain(heading)):
        sure = 30 if _share(values, r"\d+|" + _UUID) > SURE else 60
    clauses = [summary, *([f"{mails} % are mail addresses"] if mails > MOST else [])]
    if missing_count := rows - len(values):
        clauses.append(f"missing in {missing_count}")
    return sure, ", ".join(clauses), heading


def _outcome(heading: str, values: list[str]) -> tuple[int, str, Any]:
    """How a column says how an act ended: a word, a status of HTTP, or a yes or no."""
    words = synonyms.words_of(heading)[0]
    if _share(values, _HTTP) >= NEARLY_ALL:
        unclear = sorted({v for v in values if v[0] in "13" and re.fullmatch(_HTTP, v)})
        why = "codes of HTTP: 2xx success, 401 and 403 denied, other 4xx and 5xx error"
        why += f", not {', '.join(unclear[:3])}" if unclear else ""
        entry = {"from": heading, "values": dict(_STATUS)}
        return 95, why, entry
    if re.fullmatch(synonyms.RETURN_CODE, words) and _share(values, r"-?\d+") == 100:  # noqa: PLR2004
        swaps = {v: "error" for v in dict.fromkeys(values) if int(v)} | {"0": "success"}
        sure = 85 if "0" in values else 40
        return sure, "0 = success, other codes = error", {"from": heading, "values": swaps}
    if _share(values, synonyms.YES_NO) == 100:  # noqa: PLR2004 - percent
        for pattern, yes, no in (
            (synonyms.OF_SUCCESS, "success", "error"),
            (synonyms.OF_LEAVE, "success", "denied"),
            (synonyms.OF_FAILURE, "error", "success"),
        ):
            leaf = synonyms.plain(heading.split(".")[-1])
            if re.fullmatch(pattern, words) or re.fullmatch(pattern, leaf):
                swaps = {v: yes if _is_yes(v) else no for v in dict.fromkeys(values)}
                return 90, f"yes = {yes}, no = {no}", {"from": heading, "values": swaps}
        return 30, "a yes or a no, of what?", heading
    return _words("outcome", heading, values)


def _is_yes(value: str) -> bool:
    return synonyms.plain(value) in ("yes", "y", "true", "ja", "oui", "si", "x", "1")


def _words(
    target: str, heading: str, values: list[str], vocabulary: dict[str, str] | None = None
) -> tuple[int, str, Any]:
    """Match words of a closed vocabulary: known ones are exchanged, others stay as they are."""
    vocabulary = vocabulary or synonyms.EVENT_WORDS[target]
    meanings = {v: _word(v, vocabulary) for v in dict.fromkeys(values[:TRIED])}
    tried = values[:TRIED]
    sure = 100 * sum(meanings[v] is not None for v in tried) // len(tried)
    unknown_words = [v for v, w in meanings.items() if w is None]
    swaps = {v: w for v, w in meanings.items() if w is not None and v.lower() != w}
    pairs = ", ".join(f"{v[:24]} = {w}" for v, w in list(swaps.items())[:8])
    why = f"{sure} % are known words" + (f" ({pairs})" if pairs else "")
    why += f", not {', '.join(repr(v[:30]) for v in unknown_words[:3])}" if unknown_words else ""
    return sure, why, {"from": heading, "values": swaps} if swaps else heading


def _word(cell: str, vocabulary: dict[str, str]) -> str | None:
    """The word of ours that a cell means; a success only where nothing is added to it."""
    word = synonyms.word(cell, vocabulary)
    if word == "success" and not re.fullmatch(vocabulary[word], synonyms.plain(cell)):
        return None
    return word


def _time(heading: str, values: list[str], order: str) -> tuple[int, str, Any]:
    """How well cells are times of day, why, and how they are written."""
    distinct_values = list(dict.fromkeys(values))[:DISTINCT]
    for name, (low, high) in _SPANS.items():
        if all(
            re.fullmatch(r"\d+(\.\d+)?", v) and low <= float(v) <= high for v in distinct_values
        ):
            if name == "excel" and not any("." in v for v in distinct_values):
                return 30, "days, without a time", heading
            return 85, f"numbers, as {name} counts them", {"from": heading, "date": name}
    others = [v for v in distinct_values if not _ISO.fullmatch(v)]
    if not others:
        zoned = _share(distinct_values, _ZONED.pattern)
        zone = "" if zoned == 100 else "; without a zone, they are read as UTC"  # noqa: PLR2004
        return 100, f"times like {distinct_values[0]}{zone}", heading
    if not any(re.search(r"\d:\d\d", v) for v in others):
        return 30, "days, without a time" if _looks_dated(others) else "no times", heading
    note = ""
    if any(map(_TWO_NUMBERS.match, others)):
        own_order = day_or_month(others) or order
        order = own_order or _order_by_sequence(values)
        note = "" if own_order else f", the {order} first, for then they follow one another"
        if not order:
            return 40, "is the day or the month first? --date says it", heading
    forms = _forms(others, order)
    readable = (
        len(distinct_values) - len(others) + sum(any(_reads(v, f) for f in forms) for v in others)
    )
    sure = 100 * readable // len(distinct_values)
    if not forms:
        return 0, "no times that can be read", heading
    zone = (
        ""
        if all("%z" in f or f.endswith("GMT") for f in forms)
        else "; without a zone, read as UTC"
    )
    why = f"{sure} % are times like {' or '.join(forms)}{note}{zone}"
    entry = {"from": heading, "date": forms[0] if len(forms) == 1 else forms}
    return min(sure, 75 if note else 100), why, entry


def _looks_dated(values: Sequence[str]) -> bool:
    return sum(bool(re.search(r"\d{4}-\d\d-\d\d|\d[./-]\d{1,2}[./-]\d", v)) for v in values) > 0


def _forms(values: Sequence[str], order: str) -> list[str]:
    """The fewest forms that read most of the values, found one after another."""
    days = (*_DAYS, *_SIGNED.get(order, ()))
    every = [
        *(f"{d}{j}{t}{e}" for d in days for j in _JOINS for t in _TIMES for e in _ENDS),
        *_WHOLE,
    ]
    chosen: list[str] = []
    for value in values:
        if len(chosen) < 4 and not any(_reads(value, f) for f in chosen):  # noqa: PLR2004 - more is no form
            chosen += [f for f in every if _reads(value, f)][:1]
    return chosen


def _reads(value: str, form: str) -> bool:
    return _moment(value, form) is not None


def _moment(value: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(value, form)  # noqa: DTZ007 - only tried
    except ValueError:
        return None


def _order_by_sequence(values: Sequence[str]) -> str:
    """Tell whether the day or the month comes first from the rows of a log following one another:
    only one reading may be in order.
    """
    orders = []
    for order in ("day", "month"):
        forms = _forms(values[:50], order)
        moments = [next(filter(None, (_moment(v, f) for f in forms)), None) for v in values[:TRIED]]
        known = [m.replace(tzinfo=None) for m in moments if m]
        days = {m.date() for m in known}
        if (
            len(known) == len(moments)
            and len(days) > 3
            and known in (sorted(known), sorted(known, reverse=True))
        ):  # noqa: PLR2004, E501
            orders.append(order)
    return orders[0] if len(orders) == 1 else ""


def _day_and_clock(table: Table, texts: dict[str, list[str]], order: str) -> Iterator[Guess]:
    """Join a column of days and one of times of day."""
    clocks = [k for k, v in texts.items() if v and _share(v, _CLOCK.pattern) >= NEARLY_ALL]
    days = [
        k
        for k, v in texts.items()
        if v
        and k not in clocks
        and _fit(k, synonyms.EVENT_NAMES["occurred_at"])
        and not re.fullmatch(synonyms.NO_EVENT_TIME, synonyms.words_of(k)[0])
        and _looks_dated(v)
        and not any(":" in x for x in v[:TRIED])
    ]
    for day in days[:1]:
        for clock in clocks[:1]:
            joined = [f"{r[day]} / {r[clock]}" for r in table.rows if r.get(day) and r.get(clock)]
            sure, why, entry = _time(day, joined, order)
            if isinstance(entry, dict):
                entry = {**entry, "from": [day, clock]}
            yield Guess(day, "events.occurred_at", min(95, sure), f"{why}, with {clock}", entry)


def _share(values: Sequence[str], pattern: str) -> int:
    """Percent of the values that are of a pattern."""
    tried = values[:TRIED]
    hits = sum(bool(re.fullmatch(pattern, v, re.IGNORECASE)) for v in tried)
    return 100 * hits // len(tried) if tried else 0


def _picks(candidates: Iterable[Guess]) -> list[Guess]:
    """Return the surest guesses, at most one per column and one per target."""
    picks: list[Guess] = []
    for guess in candidates:
        least = LEAST_KNOWN if guess.target == "events.outcome" else SURE
        if guess.sure >= least and all(
            guess.heading != p.heading and guess.target != p.target for p in picks
        ):
            picks.append(guess)
    tool = next((g for g in picks if g.target == "events.tool"), None)
    if tool and all(g.target != "events.action" for g in picks):
        why = "no column of actions: the tool that was called"
        picks.append(Guess(tool.heading, "events.action", LEAST_SURE, why, tool.entry))
    return picks


def _take_near(picks: list[Guess], candidates: Sequence[Guess], names: Sequence[str]) -> None:
    """Pick the likeliest column for what no column surely says."""
    targets = [f"events.{n}" for n in names]
    if not any(g.target in targets for g in picks):
        near = [
            g
            for g in candidates
            if g.target in targets
            and g.sure >= PERHAPS
            and g.heading not in {p.heading for p in picks}
        ]
        picks += near[:1]


def _add_effect(picks: list[Guess], texts: dict[str, list[str]]) -> None:
    """Where the actions are nothing but words of effects (read, write), they say the effect too."""
    action = next((g for g in picks if g.target == "events.action"), None)
    if action is None or any(g.target == "events.effect" for g in picks):
        return
    if _fit(action.heading, ((1, r"(http )?(request )?method"),)):
        return
    sure, why, entry = _words("effect", action.heading, texts[action.heading])
    words = {synonyms.word(v, synonyms.EVENT_WORDS["effect"]) for v in texts[action.heading]}
    if sure == 100 and words <= _PLAIN_EFFECTS:  # noqa: PLR2004 - percent
        picks.append(Guess(action.heading, "events.effect", LEAST_SURE, why, entry))


def _missing(candidates: Sequence[Guess], picks: Sequence[Guess]) -> str:
    """Say what a log must tell and no column does; '' where nothing is missing."""
    targets = {g.target for g in picks}
    for names, what in (
        (("occurred_at",), "when it happened"),
        (WHO, "who acted"),
        (("action",), "what was done"),
    ):
        if not any(f"events.{n}" in targets for n in names):
            targets_near = [f"events.{n}" for n in names]
            near = next((g for g in candidates if g.target in targets_near), None)
            doubt = f" ({near.heading[:50]}: {near.why})" if near else ""
            return f"no column says {what}{doubt}"
    return ""


def _weigh(
    about: str,
    table: Table,
    candidates: Sequence[Guess],
    picks: Sequence[Guess],
    texts: dict[str, list[str]],
) -> tuple[int, str]:
    """How sure it is that each row is an event, in percent, and what speaks for and against it."""
    likely = [g for g in candidates if g.sure >= PERHAPS]
    best: dict[str, Guess] = {g.target: g for g in reversed(likely)}
    best |= {g.target: g for g in picks}
    time = best.get("events.occurred_at")
    who = [best[f"events.{n}"] for n in WHO if f"events.{n}" in best]
    actor, action = max(who, key=lambda g: g.sure, default=None), best.get("events.action")
    if not (time and actor and action) or not _has_clock(_moments(time, table, texts)):
        return 0, "no time of day beside who acted and what was done"
    sure = 60
    sure -= sum(10 for g in (time, actor, action) if 40 < g.sure < 75)  # noqa: PLR2004 - a weak heading
    signs = [f"{time.heading} beside {actor.heading} and {action.heading}"]
    if "events.outcome" in {g.target for g in picks}:
        sure += 15
        signs.append(best["events.outcome"].heading)
    aside = [g.heading for g in picks if g.target.removeprefix("events.") in _ASIDE]
    sure += min(15, 5 * len(aside))
    signs += aside[:3]
    actors, rows = texts[actor.heading], len(table.rows)
    if len(set(actors)) * 10 < rows * 9:
        sure += 10
        signs.append("the same actors in several rows")
    elif rows > 2:  # noqa: PLR2004 - few rows prove nothing
        sure -= 20
        signs.append("but each actor in one row only")
    if re.search(rf"\b({synonyms.A_LOG})\b", about):
        sure += 10
        signs.append("its name")
    objections = [k for k in texts if re.fullmatch(synonyms.OF_A_REGISTER, synonyms.plain(k))]
    objections += (
        [about] if re.search(rf"\b({synonyms.OTHER_LISTS}|{synonyms.KEYS})\b", about) else []
    )
    decisions = [k for k in texts if re.fullmatch(synonyms.OF_DECISIONS, synonyms.plain(k))]
    objections = [*decisions, *objections]
    sure -= min(60, 15 * (len(objections) + len(decisions)))
    signs += [f"but also {', '.join(objections[:3])}"] if objections else []
    return max(0, min(97, sure)), ", ".join(signs)


def _moments(time: Guess, table: Table, texts: dict[str, list[str]]) -> list[str]:
    """The texts of a time, also where two columns give it."""
    parts = time.entry.get("from") if isinstance(time.entry, dict) else None
    if isinstance(parts, list):
        return [" ".join(str(r.get(p) or "") for p in parts) for r in table.rows[:100]]
    return texts[time.heading][:100]


def _notes(picks: Sequence[Guess], texts: dict[str, list[str]]) -> list[str]:
    """What a reader of the mapping should know besides its columns."""
    targets = {g.target for g in picks}
    notes = []
    if "events.outcome" not in targets:
        notes.append("no column says how an act ended: no check can tell whether it succeeded")
    if "actor_kind" not in targets:
        notes.append(
            "no column says what the actors are: those that a register names are known from there"
        )
    outcome = next((g for g in picks if g.target == "events.outcome"), None)
    if outcome and ", not " in outcome.why:
        notes.append(
            f"rows whose {outcome.heading} is not one of these words are rejected, with their line:"
            " give them a word under `values`"
        )
    return notes
