"""The language of a report. In: an English text and its values. Out: the text in the current
language, with its values.

A translation is a file, templates/locale/LANGUAGE.po; English needs none and imports nothing for
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from reporter.system.folders import locale_dir

ENGLISH = "en"
NOT_MET = "Not met: "
"""Before the title of a check that fails and has no headline: it says what must hold."""
CONTENT, WORD = "content", "word"
"""Contexts of messages: texts of content files, and codes that reports print as words."""
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WORDS = (
    *("critical", "high", "medium", "low"),
    *("pass", "fail", "unknown", "attested", "declared", "compensated", "not applicable", "n/a"),
    *("passes", "fails", "act now", "ranked", "later", "evidence", "implement", "implementation"),
    *("direct", "partial", "contextual", "High", "Medium", "Low", "none"),
    *("design", "existence", "operation"),
    *("assessed", "not assessed", "inventory", "logs", "inventory and logs"),
    *("waived", "not counted", "yes", "no", "attest", "examine"),
    *("accepted", "in progress", "done", "disputed", "risk accepted"),
    *("open", "fixed", "not shown to be fixed", "no such finding", "exactly", "at least"),
    *("tool", "data", "destination", "entitlement", "context", "principal", "changes", "reads"),
    *("unreadable", "rejected", "note", "field", "changed", "conflict", "duplicate", "near name"),
    *("one actor", "replaced", "undated", "unjoined", "unmapped", "missing"),
    *("waiver", "compensation", "exception", "attestation", "examination", "baseline"),
    *("human", "agent", "service account", "workload"),
    *("flat", "steep", "severity", "status", "lane", "result", "state", "gap", "tier"),
)
"""Codes that are printed as words; machines read them as they are."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A language other than English, with its messages and formats."""

    language: str
    messages: Mapping[tuple[str, str], tuple[str, ...]]
    """(context, English text) -> its forms."""
    form: Callable[[int], int]
    """Which form of a text goes with a number."""
    group: str
    decimal: str
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    date: str
    """How a day is written, with the places day, month and year."""


# The one thing that is not passed as an argument: a translation goes with every text, and taking it
# through each function that writes a sentence would drown what they do. Each run and each writer
# sets it, and takes it back.
_SPOKEN: ContextVar[Translation | None] = ContextVar("spoken", default=None)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Use a language until the end of the block."""
    token = _SPOKEN.set(None if language == ENGLISH else translation(language))
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def language() -> str:
    """Return the code of the current language."""
    spoken = _SPOKEN.get()
    return spoken.language if spoken else ENGLISH


def say(text: str, /, **values: object) -> str:
    """Say a text in the current language, with its values."""
    return _filled(_form("", text, 0), values)


def say_n(one: str, many: str, number: int, /, **values: object) -> str:
    """Say a text in the plural form for a number; `{n}` is the number unless it is given."""
    spoken = _SPOKEN.get()
    forms = spoken.messages.get(("", one)) if spoken else None
    form = spoken.form(number) if spoken and forms else 0
    text = forms[form] if forms else one if number == 1 else many
    return _filled(text, {"n": numeral(f"{number:,}"), **values})


def plural(forms: Sequence[str], number: int) -> str:
    """Choose the form of a noun for a number; the last where there are fewer than the language
    has.
    """
    spoken = _SPOKEN.get()
    form = spoken.form(number) if spoken else int(number != 1)
    return forms[min(form, len(forms) - 1)]


def mark(text: str) -> str:
    """Mark a text for translation; it is said elsewhere."""
    return text


def word(code: str) -> str:
    """Say a code of WORDS as a word."""
    return _form(WORD, code, 0)


def content(text: str) -> str:
    """Say what a content file says: titles, reasons, fixes, questions."""
    text = text.strip()
    return _form(CONTENT, text, 0)


def headline(text: str) -> str:
    """Say what a cause or an action is called."""
    rule = text.removeprefix(NOT_MET)
    return content(text) if rule == text else say("Not met: {rule}", rule=content(rule))


def numeral(text: str) -> str:
    """Write a number, given as in English, with the separators of the language."""
    spoken = _SPOKEN.get()
    if not spoken:
        return text
    return text.translate({ord(","): spoken.group, ord("."): spoken.decimal})


def day(at: datetime) -> str:
    """Write a date in full."""
    spoken = _SPOKEN.get()
    if not spoken:
        return f"{at.day} {MONTHS[at.month - 1]} {at.year}"
    return spoken.date.format(day=at.day, month=spoken.months[at.month - 1], year=at.year)


def short_month(at: datetime) -> str:
    """Write a month in a few letters."""
    spoken = _SPOKEN.get()
    return spoken.short_months[at.month - 1] if spoken else MONTHS[at.month - 1][:3]


def shortened(day: str) -> str:
    """Write a date, given in full, with its month in a few letters."""
    spoken = _SPOKEN.get()
    months = (
        zip(spoken.months, spoken.short_months, strict=True)
        if spoken
        else ((m, m[:3]) for m in MONTHS)
    )
    return next((day.replace(wide, short) for wide, short in months if wide in day), day)


def _form(context: str, text: str, form: int) -> str:
    spoken = _SPOKEN.get()
    forms = spoken.messages.get((context, text)) if spoken else None
    return forms[form] if forms else text


def _filled(text: str, values: Mapping[str, object]) -> str:
    return text.format(**values) if values else text


def languages() -> list[str]:
    """Return the codes of all available languages."""
    return sorted({ENGLISH, *(p.stem for p in locale_dir().glob("*.po"))})


@lru_cache
def translation(language: str) -> Translation:
    """Read a language; what its file leaves empty is said in English."""
    from gettext import c2py

    from babel import Locale
    from babel.messages.pofile import read_po

    with (locale_dir() / f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    locale = Locale.parse(language)
    messages = {}
    for message in catalog:
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        key = message.id[0] if isinstance(message.id, (list, tuple)) else message.id
        if key and all(forms):
            messages[message.context or "", str(key)] = tuple(map(str, forms))
    symbols = locale.number_symbols["latn"]
    months = (locale.months["format"][width] for width in ("wide", "abbreviated"))
    month_names, short_names = (
        tuple(by_number[n].rstrip(".") for n in range(1, 13)) for by_number in months
    )
    return Translation(
        language,
        messages,
        c2py(catalog.plural_expr),
        symbols["group"],
        symbols["decimal"],
        month_names,
        short_names,
        messages.get(("", "{day} {month} {year}"), ("{day} {month} {year}",))[0],
    )


DATE = mark("{day} {month} {year}")
