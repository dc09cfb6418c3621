"""What a column of a stranger's table may mean. In: its heading and its cells. Out: guesses, each
with how sure it is and why.

Headings say what is meant, cells whether it can be: both must agree. A word or a date that could
mean two things is not decided."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reporter.privacy import synonyms as h
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
"""Letters in a row's only cell from which it is no name."""
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
    said: Any
    """What the mapping file holds for it."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What stands below a heading."""

    heading: str
    values: tuple[str, ...]
    """Those that say something, parts of lists each for itself."""
    rows: int
    listed: bool
    """JSON lists stand in it."""
    order: str
    """Whether the table's dates write the day or the month first; '' when it does not tell."""


def guesses(cells: Cells, has_keys: bool) -> list[Guess]:
    """Return every meaning a column may have, sure or not; `has_keys`: the table speaks of
    credentials.
    """
    made = []
    for column, pattern in h.NAMES.items():
        name, remark = _meant(cells.heading, column, pattern)
        if name and not cells.listed:
            sure, why, said = _fits(column, cells)
            made.append(
                Guess(cells.heading, f"actors.{column}", min(name, sure), remark or why, said)
            )
    for key, pattern in h.LIST_NAMES.items():
        name, _ = _meant(cells.heading, f"lists.{key}", pattern)
        if name:
            sure, why, said = _list(cells)
            why = PARTLY if name == h.PART else why
            made.append(Guess(cells.heading, f"lists.{key}", min(name, sure), why, said))
    for section, names in (("component", h.COMPONENT_NAMES), ("credential", h.CREDENTIAL_NAMES)):
        for key, pattern in names.items() if section == "component" or has_keys else ():
            if name := h.named(cells.heading, pattern):
                sure, why, said = _fits(f"{section}.{key}", cells)
                name += section == "credential"
                why = PARTLY if name <= h.PART + 1 else why
                made.append(Guess(cells.heading, f"{section}.{key}", min(name, sure), why, said))
    if h.named(cells.heading, h.KIND_NAME) >= 90:
        sure, why, said = _words("kind", cells, h.WORDS["kind"])
        made.append(Guess(cells.heading, "kind", sure if sure == 100 else 0, why, said))
    return made


def _meant(heading: str, column: str, pattern: str) -> tuple[int, str]:
    """How well a heading names a column, in percent, and what speaks against it."""
    name = h.named(heading, pattern)
    if column in h.WEAKER and name < 95:
        most, weaker = h.WEAKER[column]
        name = max(name, min(most, h.named(heading, weaker)))
    elif column in h.WEAKER and h.named(heading, h.WEAKER[column][1]) == 95:
        name = h.WEAKER[column][0]
    if column == "risk_tier" and re.fullmatch(h.IMPACT_QUESTION, h.plain(heading)):
        return 60, ""
    if column == "owner_id" and name < 90 and h.named(heading, h.CONTACT) >= 90:
        return 55, ""
    if column in h.AMBIGUOUS and name < 90 and h.named(heading, h.AMBIGUOUS[column]) >= 90:
        return 45, "near it, but not the same: yours to decide"
    return name, PARTLY if name == h.PART else ""


def _fits(column: str, cells: Cells) -> tuple[int, str, Any]:
    """How well the values fit a column, in percent; why; and what the mapping then says."""
    values, heading, name = cells.values, cells.heading, column.rsplit(".", 1)[-1]
    if not values:
        needed = name in ("actor_id", "name", "credential_id", "principal_id")
        return (0 if needed else 60), "empty in every row", heading
    if column == "risk_tier" and re.fullmatch(h.IMPACT_QUESTION, h.plain(heading)):
        sure, why, said = _words(column, cells, h.IMPACT_WORDS)
        says_high = isinstance(said, dict) and "high" in said["values"].values()
        return (
            (sure, f"a yes is taken for high, a no for no tier; {why}", said)
            if says_high
            else (0, "no row says yes, and a no is no tier", heading)
        )
    if column in h.WORDS:
        return _words(column, cells, h.WORDS[column])
    if name == "privileged":
        return _words(name, cells, h.WORDS[name])
    if name in _TIMES:
        return dates(cells)
    if name in _WHOLE:
        whole = _share(values, r"[Ll]?\d+")
        return whole, f"{whole} % are whole numbers", heading
    if _share(values, h.YES_NO) > 50:
        return 20, "answers yes or no", heading
    return _text(column, cells)


def _text(column: str, cells: Cells) -> tuple[int, str, Any]:
    values, heading = cells.values, cells.heading
    different = len(set(values))
    mean = sum(map(len, values)) // len(values)
    if column == "actor_id":
        return _ids(cells)
    if column in ("name", "credential.credential_id"):
        weak = column == "name" and h.named(heading, h.WEAKER["name"][1]) >= 90
        most = 90 if different * (1 if weak else 3) >= cells.rows else 45 if weak else 55
        sure = 40 if mean > 150 else most
        return sure, f"{different} different in {cells.rows} rows", heading
    if column in ("owner_id", "technical_owner_id"):
        mails = _share(values, r".*\S+@\S+\.\S+.*")
        contact = h.named(heading, h.CONTACT) >= 90 and h.named(heading, h.NAMES["owner_id"]) < 90
        if contact and different == 1 and len(values) > 4:
            return (
                40,
                "one address in every row: who answers for the list, not for each row",
                heading,
            )
        who = "somebody to ask is taken for the owner; " if contact else ""
        return max(54 if contact else 70, mails), f"{who}{mails} % are mail addresses", heading
    if column == "purpose" and mean < 12:
        return 45, "too short for a purpose", heading
    if column == "component.name" and any(re.search("[;\n,]", v) for v in values):
        split = _sign(values)
        return 85, f"models, cut at {split!r}", {"from": heading, "split": split}
    if column == "business_unit" and different == 1 and cells.rows > 4:
        return 65, "the same in every row", heading
    return 85, f"text in {100 * len(values) // cells.rows} % of the rows", heading


def _ids(cells: Cells) -> tuple[int, str, Any]:
    values, heading = cells.values, cells.heading
    different = len(set(values))
    counted = [v.rstrip(".)") for v in values] == [str(i) for i in range(1, len(values) + 1)]
    says = f"{different} different in {cells.rows} rows"
    if re.fullmatch(h.ROW_NUMBER, h.words_of(heading)[1]) and _share(values, r"\d+[.)]?") == 100:
        return 30, "counts the rows: it changes when one is added or sorted", heading
    if counted:
        return (
            60,
            f"{says}, 1 to {different} in order: make sure that it stays with its row",
            heading,
        )
    if len(values) < cells.rows:
        lack = cells.rows - len(values)
        return (75 if lack * 5 < cells.rows else 45), f"{says}, missing in {lack}", heading
    return (100 if different == cells.rows else 70), says, heading


def _list(cells: Cells) -> tuple[int, str, Any]:
    if not cells.values:
        return 40, "empty in every row", cells.heading
    if cells.listed:
        return 90, "JSON lists", cells.heading
    if _share(cells.values, h.YES_NO) > 50:
        return 20, "answers yes or no", cells.heading
    split = _sign(cells.values)
    parts = [p for v in cells.values for p in re.split(f"[{split}\n]", v) if p.strip()]
    if sum(len(p.split()) for p in parts) > 4 * len(parts):
        return 40, "sentences rather than names", cells.heading
    said = {"from": cells.heading, "split": split} if split != ";" else cells.heading
    return 80, f"a list, cut at {split!r}", said


def _sign(values: tuple[str, ...]) -> str:
    return max(";,|", key=lambda s: sum(s in v for v in values))


def _share(values: tuple[str, ...], pattern: str) -> int:
    """Percent of the values that are of a pattern."""
    return 100 * sum(bool(re.fullmatch(pattern, v.lower())) for v in values) // len(values)


def _words(column: str, cells: Cells, known: dict[str, str]) -> tuple[int, str, Any]:
    """Words of a closed vocabulary: those we know are exchanged, the others are named."""
    meant = {v: h.word(v, known) for v in dict.fromkeys(cells.values)}
    if column == "risk_tier" and any(
        re.fullmatch(r"(tier |level |class )?\d", h.plain(v)) for v in meant
    ):
        return 40, "is 1 the highest or the lowest?", cells.heading
    if column == "state" and set(map(h.plain, meant)) <= {*h.YES_NO.split("|")}:
        return _state_flag(cells, list(meant))
    sure = 100 * sum(meant[v] is not None for v in cells.values) // len(cells.values)
    strange = [v for v, w in meant.items() if w is None]
    said = {v: w for v, w in meant.items() if w is not None and v.lower() != w}
    pairs = ", ".join(f"{v[:24]} = {w or 'not said'}" for v, w in list(said.items())[:8])
    why = f"{sure} % are known words" + (f" ({pairs})" if pairs else "")
    why += f", not {', '.join(repr(v[:30]) for v in strange[:3])}" if strange else ""
    return sure, why, {"from": cells.heading, "values": said} if said else cells.heading


def _state_flag(cells: Cells, values: list[str]) -> tuple[int, str, Any]:
    """Yes below `Active` is a state; no below `Live` may be one not yet live or no longer."""
    yes = ("yes", "y", "true", "ja", "oui", "si", "x", "1")
    no = "suspended" if h.named(cells.heading, "active|enabled|aktiv|actif|activo|attivo") else ""
    if h.named(cells.heading, r"status|state|stage|phase|statut|etat|stato|estado") >= 90:
        return 30, "yes and no are no states", cells.heading
    said = {v: "active" if h.plain(v) in yes else no for v in values}
    return 75, f"yes = active, no = {no or 'not said'}", {"from": cells.heading, "values": said}


def day_or_month(values: list[str]) -> str:
    """Tell from dates with two numbers which comes first: 'day', 'month' or '' when none tells or
    they disagree.
    """
    found = [m for v in values if (m := _TWO_NUMBERS.match(v))]
    told = {"day" if int(m[1]) > 12 else "month" for m in found if int(m[1]) > 12 or int(m[2]) > 12}
    return told.pop() if len(told) == 1 else ""


def dates(cells: Cells) -> tuple[int, str, Any]:
    """The ways to write a date that fit the values; day or month first is told by them, or by the
    table's other dates.
    """
    values, heading = list(dict.fromkeys(cells.values))[:DISTINCT], cells.heading
    for name, (least, most) in SERIALS.items():
        if all(v.isdigit() and least <= int(v) <= most for v in values):
            return (
                70,
                f"numbers of days or seconds, as {name} counts them",
                {"from": heading, "date": name},
            )
    own = day_or_month(values)
    order = own or cells.order
    forms = (*_WRITTEN, *_SIGNED.get(order, ()))
    found = {f + c: {v for v in values if _is_date(v, f + c)} for f in forms for c in _CLOCKS}
    fit = [f for f, hits in found.items() if hits]
    iso = {v for v in values if _ISO.fullmatch(v)}
    known = iso.union(*found.values())
    sure = 100 * len(known) // len(values)
    if sum(bool(_TWO_NUMBERS.match(v)) for v in values) * 2 > len(values) and not order:
        return 40, "is the day or the month first? Add date: '%d/%m/%Y' or '%m/%d/%Y'", heading
    if sum(bool(_COARSE.fullmatch(v)) for v in values) * 2 > len(values):
        return 30, "months, quarters or years: a day would be invented", heading
    if not known:
        return 0, "no dates that can be read", heading
    also = (
        ""
        if own or not order or not any(map(_TWO_NUMBERS.match, values))
        else f", the {order} first as in other columns"
    )
    said = {"from": heading, "date": fit[0] if len(fit) == 1 else fit} if fit else heading
    why = f"{sure} % are dates like {' or '.join([*fit, *(['2026-07-01'] if iso else [])])}{also}"
    return min(sure, 75 if also else 100), why, said


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
    """Return a row that is a total, a source or a footnote, as one text; '' if it is a record."""
    cells = filled(row)
    begins = bool(cells) and bool(re.match(h.REMARK, h.plain(cells[0])))
    total = len(cells) < 4 and begins and bool(re.match(r"(grand )?total|sum", h.plain(cells[0])))
    alone = len(cells) == 1 and (begins or cells[0][0] in "*†‡¹©" or len(cells[0]) > LONGEST_ROW)
    return " ".join(cells) if total or alone else ""
