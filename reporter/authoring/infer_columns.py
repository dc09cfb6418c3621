"""What a column of an unknown table may mean. In: its heading and its cells. Out: guesses, each
with how sure it is and why.

The heading says what is meant, the cells whether it can be: both must agree. A word or a date that
could mean two things is left undecided.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reporter.privacy import synonyms
from reporter.schema.columns import TIME
from reporter.schema.tables import TABLES

_TIMES = {c.name for t in ("actors", "credentials") for c in TABLES[t].columns if c.type == TIME}
_WHOLE = ("autonomy", "review_cadence_days", "rotation_days")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_WRITTEN = (
    "%Y/%m/%d",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %B %Y",
    "%d.%m.%y",
    "%d.%m.%Y",
)
_SIGNED = {
    "day": ("%d/%m/%y", "%d/%m/%Y", "%d-%m-%Y"),
    "month": ("%m/%d/%y", "%m/%d/%Y", "%m-%d-%Y"),
}
_TWO_NUMBERS = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-]\d{2,4}\b")
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")
_COARSE = re.compile(
    r"\d{1,2}[/.-]\d{4}|\d{4}-\d{1,2}|\d{4}|.*\b(Q[1-4]|[1-4]Q|FY"
    r" ?'?\d{2,4})\b.*|[A-Za-zéûä]{3,9}\.? ?'?\d{2,4}"
)
"""A month, a quarter or a year: no day."""
SERIALS = {
    "excel": (36526, 62000),
    "epoch": (946684800, 4102444800),
    "epoch_ms": (946684800000, 4102444800000),
}
DISTINCT = 300
LONGEST_ROW = 100
"""Characters in a row's only cell from which it is taken for a remark."""
PARTLY = "the heading only contains the word"


@dataclass(slots=True)
class Guess:
    """What a heading may mean."""

    heading: str
    target: str
    """actors.state, lists.tools, component.name"""
    sure: int
    """Percent."""
    why: str
    entry: Any
    """What the mapping file holds for it."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What stands below a heading."""

    heading: str
    values: tuple[str, ...]
    """Cells that are not empty; the items of lists count separately."""
    rows: int
    listed: bool
    """JSON lists stand in it."""
    order: str
    """Whether the table's dates put the day or the month first; '' when they do not tell."""


def cells_of(heading: str, values: Sequence[Any], row_count: int, order: str) -> Cells:
    """Return what stands below a heading, as texts."""
    holds_lists = any(isinstance(v, list) for v in values)
    texts = [
        x if isinstance(x, str) else json.dumps(x)
        for v in values
        for x in (v if isinstance(v, list) else [v])
    ]
    return Cells(heading, tuple(texts), row_count, holds_lists, order)


def guesses(cells: Cells, has_keys: bool) -> list[Guess]:
    """Return every meaning that a column may have, sure or not; `has_keys`: the table holds
    credentials.
    """
    meanings = []
    for column, pattern in synonyms.NAMES.items():
        name, remark = _heading_match(cells.heading, column, pattern)
        if name and not cells.listed:
            sure, why, entry = _fits(column, cells)
            meanings.append(
                Guess(cells.heading, f"actors.{column}", min(name, sure), remark or why, entry)
            )
    for key, pattern in synonyms.LIST_NAMES.items():
        name, _ = _heading_match(cells.heading, f"lists.{key}", pattern)
        if name:
            sure, why, entry = _list(cells)
            why = PARTLY if name == synonyms.PART else why
            meanings.append(Guess(cells.heading, f"lists.{key}", min(name, sure), why, entry))
    for section, names in (
        ("component", synonyms.COMPONENT_NAMES),
        ("credential", synonyms.CREDENTIAL_NAMES),
    ):
        for key, pattern in names.items() if section == "component" or has_keys else ():
            if name := synonyms.fit(cells.heading, pattern):
                sure, why, entry = _fits(f"{section}.{key}", cells)
                name += section == "credential"
                why = PARTLY if name <= synonyms.PART + 1 else why
                meanings.append(
                    Guess(cells.heading, f"{section}.{key}", min(name, sure), why, entry)
                )
    if synonyms.fit(cells.heading, synonyms.KIND_NAME) >= 90:
        sure, why, entry = _words("kind", cells, synonyms.WORDS["kind"])
        meanings.append(Guess(cells.heading, "kind", sure if sure == 100 else 0, why, entry))
    return meanings


def _heading_match(heading: str, column: str, pattern: str) -> tuple[int, str]:
    """How well a heading names a column, in percent, and what speaks against it."""
    name = synonyms.fit(heading, pattern)
    if column in synonyms.WEAKER and name < 95:
        ceiling, weaker = synonyms.WEAKER[column]
        name = max(name, min(ceiling, synonyms.fit(heading, weaker)))
    elif column in synonyms.WEAKER and synonyms.fit(heading, synonyms.WEAKER[column][1]) == 95:
        name = synonyms.WEAKER[column][0]
    if column == "risk_tier" and re.fullmatch(synonyms.IMPACT_QUESTION, synonyms.plain(heading)):
        return 60, ""
    if column == "owner_id" and name < 90 and synonyms.fit(heading, synonyms.CONTACT) >= 90:
        return 55, ""
    if (
        column in synonyms.AMBIGUOUS
        and name < 90
        and synonyms.fit(heading, synonyms.AMBIGUOUS[column]) >= 90
    ):
        return 45, "near it, but not the same: yours to decide"
    return name, PARTLY if name == synonyms.PART else ""


def _fits(column: str, cells: Cells) -> tuple[int, str, Any]:
    """How well the values fit a column, in percent; why; and what the mapping then says."""
    values, heading, name = cells.values, cells.heading, column.rsplit(".", 1)[-1]
    if not values:
        is_needed = name in ("actor_id", "name", "credential_id", "principal_id")
        return (0 if is_needed else 60), "empty in every row", heading
    if column == "risk_tier" and re.fullmatch(synonyms.IMPACT_QUESTION, synonyms.plain(heading)):
        sure, why, entry = _words(column, cells, synonyms.IMPACT_WORDS)
        says_high = isinstance(entry, dict) and "high" in entry["values"].values()
        return (
            (sure, f"a yes is taken for high, a no for no tier; {why}", entry)
            if says_high
            else (0, "no row says yes, and a no is no tier", heading)
        )
    if column in synonyms.WORDS:
        return _words(column, cells, synonyms.WORDS[column])
    if name == "privileged":
        return _words(name, cells, synonyms.WORDS[name])
    if name in _TIMES:
        return dates(cells)
    if name in _WHOLE:
        whole_share = _share(values, r"[Ll]?\d+")
        return whole_share, f"{whole_share} % are whole numbers", heading
    if _share(values, synonyms.YES_NO) > 50:
        return 20, "answers yes or no", heading
    return _text(column, cells)


def _text(column: str, cells: Cells) -> tuple[int, str, Any]:
    values, heading = cells.values, cells.heading
    distinct_count = len(set(values))
    mean = sum(map(len, values)) // len(values)
    if column == "actor_id":
        return _ids(cells)
    if column in ("name", "credential.credential_id"):
        is_weak = column == "name" and synonyms.fit(heading, synonyms.WEAKER["name"][1]) >= 90
        ceiling = (
            90 if distinct_count * (1 if is_weak else 3) >= cells.rows else 45 if is_weak else 55
        )
        sure = 40 if mean > 150 else ceiling
        return sure, f"{distinct_count} different in {cells.rows} rows", heading
    if column in ("owner_id", "technical_owner_id"):
        mails = _share(values, r".*\S+@\S+\.\S+.*")
        is_contact = (
            synonyms.fit(heading, synonyms.CONTACT) >= 90
            and synonyms.fit(heading, synonyms.NAMES["owner_id"]) < 90
        )
        if is_contact and distinct_count == 1 and len(values) > 4:
            return (
                40,
                "one address in every row: who answers for the list, not for each row",
                heading,
            )
        preface = "somebody to ask is taken for the owner; " if is_contact else ""
        return (
            max(54 if is_contact else 70, mails),
            f"{preface}{mails} % are mail addresses",
            heading,
        )
    if column == "purpose" and mean < 12:
        return 45, "too short for a purpose", heading
    if column == "component.name" and any(re.search("[;\n,]", v) for v in values):
        separator = _sign(values)
        return 85, f"models, cut at {separator!r}", {"from": heading, "split": separator}
    if column == "business_unit" and distinct_count == 1 and cells.rows > 4:
        return 65, "the same in every row", heading
    return 85, f"text in {100 * len(values) // cells.rows} % of the rows", heading


def _ids(cells: Cells) -> tuple[int, str, Any]:
    values, heading = cells.values, cells.heading
    distinct_count = len(set(values))
    is_sequence = [v.rstrip(".)") for v in values] == [str(i) for i in range(1, len(values) + 1)]
    summary = f"{distinct_count} different in {cells.rows} rows"
    if (
        re.fullmatch(synonyms.ROW_NUMBER, synonyms.words_of(heading)[1])
        and _share(values, r"\d+[.)]?") == 100
    ):
        return 30, "counts the rows: it changes when one is added or sorted", heading
    if is_sequence:
        return (
            60,
            f"{summary}, 1 to {distinct_count} in order: make sure that it stays with its row",
            heading,
        )
    if len(values) < cells.rows:
        missing_count = cells.rows - len(values)
        return (
            (75 if missing_count * 5 < cells.rows else 45),
            f"{summary}, missing in {missing_count}",
            heading,
        )
    return (100 if distinct_count == cells.rows else 70), summary, heading


def _list(cells: Cells) -> tuple[int, str, Any]:
    if not cells.values:
        return 40, "empty in every row", cells.heading
    if cells.listed:
        return 90, "JSON lists", cells.heading
    if _share(cells.values, synonyms.YES_NO) > 50:
        return 20, "answers yes or no", cells.heading
    separator = _sign(cells.values)
    parts = [p for v in cells.values for p in re.split(f"[{separator}\n]", v) if p.strip()]
    if sum(len(p.split()) for p in parts) > 4 * len(parts):
        return 40, "sentences rather than names", cells.heading
    entry = {"from": cells.heading, "split": separator} if separator != ";" else cells.heading
    return 80, f"a list, cut at {separator!r}", entry


def _sign(values: tuple[str, ...]) -> str:
    return max(";,|", key=lambda s: sum(s in v for v in values))


def _share(values: tuple[str, ...], pattern: str) -> int:
    """Percent of the values that are of a pattern."""
    return 100 * sum(bool(re.fullmatch(pattern, v.lower())) for v in values) // len(values)


def _words(column: str, cells: Cells, vocabulary: dict[str, str]) -> tuple[int, str, Any]:
    """Match words of a closed vocabulary: known ones are exchanged, others are listed."""
    meanings = {v: synonyms.word(v, vocabulary) for v in dict.fromkeys(cells.values)}
    if column == "risk_tier" and any(
        re.fullmatch(r"(tier |level |class )?\d", synonyms.plain(v)) for v in meanings
    ):
        return 40, "is 1 the highest or the lowest?", cells.heading
    if column == "state" and set(map(synonyms.plain, meanings)) <= {*synonyms.YES_NO.split("|")}:
        return _state_flag(cells, list(meanings))
    sure = 100 * sum(meanings[v] is not None for v in cells.values) // len(cells.values)
    unknown_words = [v for v, w in meanings.items() if w is None]
    swaps = {v: w for v, w in meanings.items() if w is not None and v.lower() != w}
    pairs = ", ".join(f"{v[:24]} = {w or 'not said'}" for v, w in list(swaps.items())[:8])
    why = f"{sure} % are known words" + (f" ({pairs})" if pairs else "")
    why += f", not {', '.join(repr(v[:30]) for v in unknown_words[:3])}" if unknown_words else ""
    return sure, why, {"from": cells.heading, "values": swaps} if swaps else cells.heading


def _state_flag(cells: Cells, values: list[str]) -> tuple[int, str, Any]:
    """Map a yes or no to a state: yes below `Active` is a state; no below `Live` may be one not yet
    live or no longer.
    """
    yes = ("yes", "y", "true", "ja", "oui", "si", "x", "1")
    no = (
        "suspended"
        if synonyms.fit(cells.heading, "active|enabled|aktiv|actif|activo|attivo")
        else ""
    )
    if synonyms.fit(cells.heading, r"status|state|stage|phase|statut|etat|stato|estado") >= 90:
        return 30, "yes and no are no states", cells.heading
    states = {v: "active" if synonyms.plain(v) in yes else no for v in values}
    return 75, f"yes = active, no = {no or 'not said'}", {"from": cells.heading, "values": states}


def day_or_month(values: list[str]) -> str:
    """Tell from dates with two numbers which comes first: 'day', 'month', or '' when none tells or
    they disagree.
    """
    matches = [m for v in values if (m := _TWO_NUMBERS.match(v))]
    orders = {
        "day" if int(m[1]) > 12 else "month" for m in matches if int(m[1]) > 12 or int(m[2]) > 12
    }
    return orders.pop() if len(orders) == 1 else ""


def dates(cells: Cells) -> tuple[int, str, Any]:
    """Return the date formats that fit the values; they, or else the table's other dates, tell
    whether day or month comes first.
    """
    values, heading = list(dict.fromkeys(cells.values))[:DISTINCT], cells.heading
    for name, (low, high) in SERIALS.items():
        if all(v.isdigit() and low <= int(v) <= high for v in values):
            return (
                70,
                f"numbers of days or seconds, as {name} counts them",
                {"from": heading, "date": name},
            )
    own_order = day_or_month(values)
    order = own_order or cells.order
    forms = (*_WRITTEN, *_SIGNED.get(order, ()))
    hits_by_form = {
        f + c: {v for v in values if _is_date(v, f + c)} for f in forms for c in _CLOCKS
    }
    fitting_forms = [f for f, hits in hits_by_form.items() if hits]
    iso = {v for v in values if _ISO.fullmatch(v)}
    readable = iso.union(*hits_by_form.values())
    sure = 100 * len(readable) // len(values)
    if sum(bool(_TWO_NUMBERS.match(v)) for v in values) * 2 > len(values) and not order:
        return 40, "is the day or the month first? --date says it, or add date: '%d/%m/%Y'", heading
    if sum(bool(_COARSE.fullmatch(v)) for v in values) * 2 > len(values):
        return 30, "months, quarters or years: a day would be invented", heading
    if not readable:
        return 0, "no dates that can be read", heading
    order_note = (
        ""
        if own_order or not order or not any(map(_TWO_NUMBERS.match, values))
        else f", the {order} first as in other columns or as given"
    )
    entry = (
        {"from": heading, "date": fitting_forms[0] if len(fitting_forms) == 1 else fitting_forms}
        if fitting_forms
        else heading
    )
    samples = " or ".join([*fitting_forms, *(["2026-07-01"] if iso else [])])
    why = f"{sure} % are dates like {samples}{order_note}"
    return min(sure, 75 if order_note else 100), why, entry


def _is_date(value: str, form: str) -> bool:
    try:
        datetime.strptime(value, form)  # noqa: DTZ007 - only tried
    except ValueError:
        return False
    return True


def filled(row: dict[str, Any]) -> list[str]:
    """Return the texts of a row that is not blank."""
    return [v for v in row.values() if v and isinstance(v, str)]


def remark(row: dict[str, Any]) -> str:
    """Return a row that is a total, a source or a footnote, as one text; '' for a record."""
    cells = filled(row)
    begins_remark = bool(cells) and bool(re.match(synonyms.REMARK, synonyms.plain(cells[0])))
    is_total = (
        len(cells) < 4
        and begins_remark
        and bool(re.match(r"(grand )?total|sum", synonyms.plain(cells[0])))
    )
    is_alone = len(cells) == 1 and (
        begins_remark or cells[0][0] in "*†‡¹©" or len(cells[0]) > LONGEST_ROW
    )
    return " ".join(cells) if is_total or is_alone else ""
