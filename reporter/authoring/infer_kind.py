"""What a row of a stranger's table is. In: its name, headings and cells, and what the columns may
mean. Out: a kind, how sure, and why.

A word proves little: people are agents too, as are programs on servers, and so are chemicals. What
stands beside it is weighed, for and against."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reporter.authoring.infer_columns import Guess
from reporter.privacy import synonyms as h

SURE = {3: 90, 2: 75, 1: 60}
"""Percent by points; 50 for fewer."""
_GENERAL = (
    "lists.tools",
    "lists.data_sources",
    "actors.risk_tier",
    "actors.purpose",
    "actors.principal_id",
    "actors.owner_id",
)
"""What a register of agents tells, and other registers tell too."""
_OF_AGENTS = ("actors.autonomy", "actors.kill_switch")
_KEEPERS = ("actors.actor_id", "actors.name")
_MOVED = {"actors.created_at": "credential.issued_at", "actors.expires_at": "credential.expires_at"}
_OF_WHICH = (
    "actors.created_at",
    "actors.updated_at",
    "actors.expires_at",
    "actors.retired_at",
    "actors.activated_at",
    "actors.approved_at",
    "actors.state",
    "actors.owner_id",
    "actors.technical_owner_id",
    "actors.principal_id",
    "lists.entitlements",
)
"""What a row about a key tells of the key, not of whoever holds it."""


_PERSON = r"(([^\W\d_]\.|[^\W\d_][\w'’-]+)[ ,]+){1,2}[^\W\d_][\w'’-]+"


@dataclass(frozen=True, slots=True)
class Kind:
    """What each row is."""

    sure: int
    """Percent."""
    word: str
    why: str
    is_key: bool = False
    """Each row is a key, a token or a certificate, and its holder is what is mapped."""


def kind_of(
    about: str, texts: Mapping[str, Sequence[Any]], found: Sequence[Guess], rows: int
) -> Kind:
    """Say what each row is; `about` is the name of the file and sheet in plain words, `texts` the
    cells by heading.
    """
    plain = {k: h.plain(k) for k in texts}
    naming = " | ".join([about, *(plain[k] for k in _naming(texts, found))])
    first = next(iter(plain.values()), "")
    by_word = "agent" if re.search(rf"\b({h.AI}|{h.AI_PERHAPS})\b", naming) else ""
    if is_of_keys(about, list(texts)):
        return Kind(
            60,
            by_word or "service_account",
            "each row seems to be a key, and what is mapped is its holder",
            True,
        )
    near = " ".join([about, *([] if by_word else list(plain.values())[:3])])
    if re.search(rf"\b({h.ACCOUNTS})\b", near):
        return Kind(90, "service_account", "its name or headings speak of accounts")
    points, why = _weigh(naming, first, texts, found, rows)
    people = [k for k in plain.values() if re.fullmatch(f"{h.PEOPLE}|{h.LEFT}", k)]
    if points < 2 and (people and re.search(rf"\b({h.STAFF})\b", about)):  # noqa: PLR2004 - below sure
        return Kind(
            65,
            "human",
            f"its name, and {', '.join(people[:3])} among its headings, speak of people",
        )
    if points < 2 and (len(people) > 1 or _own_mail(texts, rows)):  # noqa: PLR2004
        signs = people or [_own_mail(texts, rows)]
        return Kind(55, "human", f"{', '.join(signs[:3])} among its headings speak of people")
    return Kind(SURE.get(min(points, 3), 50), "agent", why)


def _naming(texts: Mapping[str, Sequence[Any]], found: Sequence[Guess]) -> list[str]:
    """The headings above what names the rows."""
    hits = [g.heading for g in found if g.target in _KEEPERS and g.sure > h.PART]
    return hits or list(texts)[:1]


def _weigh(
    naming: str, first: str, texts: Mapping[str, Sequence[Any]], found: Sequence[Guess], rows: int
) -> tuple[int, str]:
    """Points for rows that are AI agents, and what they are for."""
    surely, perhaps = (
        re.search(rf"\b({h.AI})\b", naming),
        re.search(rf"\b({h.AI_PERHAPS})\b", naming),
    )
    points = 3 if surely else 1 if perhaps else 0
    word = (
        surely
        or perhaps
        or next(filter(None, (re.search(rf"\b({h.AI})\b", h.plain(k)) for k in texts)), None)
    )
    points += 1 if word and not points else 0
    good = {
        g.target: g.heading
        for g in reversed(found)
        if g.sure >= 70 and not re.fullmatch(h.SKILLS, h.words_of(g.heading)[1])  # noqa: PLR2004 - sure of the column
    }
    special = [good[t] for t in _OF_AGENTS if t in good]
    special += [
        k
        for k, said in texts.items()
        if h.named(k, h.COMPONENT_NAMES["name"]) >= 90 and _are_language_models(said)
    ]
    general = [good[t] for t in _GENERAL if t in good and good[t] not in special]
    points += 2 * len(special) + (len(general) if word else min(len(general), 1))
    against = [k for k in texts if re.fullmatch(h.NO_AGENT, h.plain(k))]
    points -= min(len(against), 4)
    if other := re.search(rf"\b({h.OTHER_LISTS})\b", f"{naming} | {first}"):
        points -= 2
        against.append(repr(other[0]))
    if not surely and _are_people(texts, found):
        points -= 1
        against.append("names like those of people")
    if mails := _own_mail(texts, rows):
        points -= 3
        against.append(f"{mails}, the address of whom the row names")
    said = (
        [f"its name or headings say {word[0]!r}"]
        if word
        else ["neither its name nor its headings say"]
    )
    said += [f"it has {', '.join([*special, *general][:3])}"] if special or general else []
    said += [f"but also {', '.join(against[:3])}"] if against else []
    return points, ", ".join(said)


def _are_language_models(said: Sequence[Any]) -> bool:
    return any(re.match(h.LANGUAGE_MODELS, h.plain(str(v))) for v in said[:1000])


def _are_people(texts: Mapping[str, Sequence[Any]], found: Sequence[Guess]) -> bool:
    """Tell whether most rows are named as people are: two or three words, each with a capital, none
    of them of software.
    """
    names = [str(v) for k in _naming(texts, found) for v in texts[k][:1000] if " " in str(v)]
    return (
        bool(names)
        and sum(
            bool(re.fullmatch(_PERSON, n)) and not re.search(h.SOFTWARE, h.plain(n)) for n in names
        )
        * 5
        >= len(names) * 4
    )


def _own_mail(texts: Mapping[str, Sequence[Any]], rows: int) -> str:
    """The column of addresses that are the rows' own: of most rows they repeat a name that stands
    in it.
    """
    for heading, said in texts.items():
        mails = [str(v).lower() for v in said if "@" in str(v)]
        if (
            len(mails) < rows
            or len(set(mails)) < rows
            or not re.fullmatch(h.MAIL, h.words_of(heading)[1])
        ):
            continue
        for other, names in texts.items():
            if other != heading and len(names) == len(mails):
                hits = sum(_is_named(str(n), m) for n, m in zip(names, mails, strict=True))
                if hits * 2 > rows:
                    return heading
    return ""


def _is_named(name: str, mail: str) -> bool:
    local = h.plain(mail.split("@")[0])
    if "@" in name or re.search(r"bot|agent|svc|service|assistant|helper|\bai\b", local):
        return False
    return any(len(w) > 2 and w in local for w in h.plain(name).split())  # noqa: PLR2004 - initials prove nothing


def is_of_keys(about: str, keys: Sequence[str]) -> bool:
    """Tell whether each row is a key: the table's name says so, or its first column names keys and
    another their holder.
    """
    headings = [h.plain(k) for k in keys]
    holders = [k for k in headings if re.fullmatch(h.HOLDER, k)]
    dated = any(re.fullmatch(h.KEY_DATES, k) for k in headings)
    named = re.search(rf"\b({h.KEYS})\b", about)
    first = next((k for k in headings if re.fullmatch(f"{h.KEY_NAMES}|{h.HOLDER}", k)), "")
    by_key = bool(holders and re.fullmatch(h.KEY_NAMES, first))
    return (dated and bool(named or by_key)) or (by_key and first.endswith(" id"))


def of_keys(found: Sequence[Guess], texts: Mapping[str, Sequence[Any]]) -> list[Guess]:
    """What the columns mean where each row is a key: its days are the key's, and its holder is
    whoever uses it.
    """
    holders = [k for k in texts if re.fullmatch(h.HOLDER, h.plain(k))]
    made = []
    for guess in found:
        if guess.target in _MOVED:
            sure = min(85, guess.sure)
            made.append(Guess(guess.heading, _MOVED[guess.target], sure, guess.why, guess.said))
        if guess.target in _OF_WHICH:
            made.append(_doubted(guess, "the key's rather than its holder's"))
        elif guess.target in _KEEPERS and holders and guess.heading not in holders:
            made.append(_doubted(guess, "the key rather than its holder"))
        else:
            made.append(guess)
    if holders and not any(g.target in _KEEPERS and g.sure >= 70 for g in made):  # noqa: PLR2004
        # of one key two holders are two rows, and of two keys one holder: neither tells the rows
        # apart
        made.append(Guess(holders[0], "actors.name", 75, "whoever holds the key", holders[0]))
    ids = [
        k
        for k in texts
        if re.fullmatch(h.KEY_NAMES, h.plain(k)) and k not in holders and not h.is_secret(k)
    ]
    if (
        holders
        and ids
        and not any(g.target == "credential.credential_id" and g.sure >= 70 for g in made)
    ):  # noqa: PLR2004
        made.append(Guess(ids[0], "credential.credential_id", 75, "what names the key", ids[0]))
    return sorted(made, key=lambda g: -g.sure)


def beside_a_key(found: Sequence[Guess]) -> list[Guess]:
    """Doubt the dates of a row that also names a key, unless another column gives the key's own."""
    sure = {g.target for g in found if g.sure >= 70}  # noqa: PLR2004
    if "credential.credential_id" not in sure or "credential.issued_at" in sure:
        return list(found)
    return [
        (
            _doubted(g, "of the row, or of its key? Yours to decide")
            if g.target == "actors.created_at" and _is_bare(g.heading)
            else g
        )
        for g in found
    ]


def _is_bare(heading: str) -> bool:
    return bool(re.fullmatch(r"(created|creation)( (at|on|date|time))?", h.plain(heading)))


def _doubted(guess: Guess, why: str) -> Guess:
    return Guess(guess.heading, guess.target, min(45, guess.sure), why, guess.said)
