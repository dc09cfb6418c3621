"""What a row of an unknown table is. In: its name, headings and cells, and what the columns may
mean. Out: a kind, how sure, and why.

A single word proves little: people and chemicals are called agents too, as are programs on servers.
The context is weighed, for and against.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reporter.authoring.infer_columns import Guess, cells_of, dates
from reporter.privacy import synonyms

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
"""What a register of agents holds, and other registers hold too."""
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
"""Columns that describe the key in a row about a key, rather than its holder."""


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
    about: str, texts: Mapping[str, Sequence[Any]], guesses: Sequence[Guess], rows: int
) -> Kind:
    """Say what each row is; `about` is the name of the file and sheet in plain words, `texts` the
    cells by heading.
    """
    plain_headings = {k: synonyms.plain(k) for k in texts}
    naming = " | ".join([about, *(plain_headings[k] for k in _naming(texts, guesses))])
    first_heading = next(iter(plain_headings.values()), "")
    by_word = "agent" if re.search(rf"\b({synonyms.AI}|{synonyms.AI_PERHAPS})\b", naming) else ""
    if is_of_keys(about, list(texts)):
        return Kind(
            60,
            by_word or "service_account",
            "each row seems to be a key, and what is mapped is its holder",
            True,
        )
    context = " ".join([about, *([] if by_word else list(plain_headings.values())[:3])])
    if re.search(rf"\b({synonyms.ACCOUNTS})\b", context):
        return Kind(90, "service_account", "its name or headings speak of accounts")
    points, why = _weigh(naming, first_heading, texts, guesses, rows)
    people = [
        k for k in plain_headings.values() if re.fullmatch(f"{synonyms.PEOPLE}|{synonyms.LEFT}", k)
    ]
    if points < 2 and (people and re.search(rf"\b({synonyms.STAFF})\b", about)):  # noqa: PLR2004 - below sure
        return Kind(
            65,
            "human",
            f"its name, and {', '.join(people[:3])} among its headings, speak of people",
        )
    if points < 2 and (len(people) > 1 or _own_mail(texts, rows)):  # noqa: PLR2004
        signs = people or [_own_mail(texts, rows)]
        return Kind(55, "human", f"{', '.join(signs[:3])} among its headings speak of people")
    return Kind(SURE.get(min(points, 3), 50), "agent", why)


def _naming(texts: Mapping[str, Sequence[Any]], guesses: Sequence[Guess]) -> list[str]:
    """The headings above what names the rows."""
    hits = [g.heading for g in guesses if g.target in _KEEPERS and g.sure > synonyms.PART]
    return hits or list(texts)[:1]


def _weigh(
    naming: str,
    first: str,
    texts: Mapping[str, Sequence[Any]],
    guesses: Sequence[Guess],
    rows: int,
) -> tuple[int, str]:
    """Points for rows that are AI agents, and what they are for."""
    certain_match, possible_match = (
        re.search(rf"\b({synonyms.AI})\b", naming),
        re.search(rf"\b({synonyms.AI_PERHAPS})\b", naming),
    )
    points = 3 if certain_match else 1 if possible_match else 0
    word = (
        certain_match
        or possible_match
        or next(
            filter(None, (re.search(rf"\b({synonyms.AI})\b", synonyms.plain(k)) for k in texts)),
            None,
        )
    )
    points += 1 if word and not points else 0
    headings = {
        g.target: g.heading
        for g in reversed(guesses)
        if g.sure >= 70 and not re.fullmatch(synonyms.SKILLS, synonyms.words_of(g.heading)[1])  # noqa: PLR2004 - sure of the column
    }
    special = [headings[t] for t in _OF_AGENTS if t in headings]
    special += [
        k
        for k, cells in texts.items()
        if synonyms.fit(k, synonyms.COMPONENT_NAMES["name"]) >= 90 and _are_language_models(cells)
    ]
    general = [headings[t] for t in _GENERAL if t in headings and headings[t] not in special]
    points += 2 * len(special) + (len(general) if word else min(len(general), 1))
    objections = [k for k in texts if re.fullmatch(synonyms.NO_AGENT, synonyms.plain(k))]
    points -= min(len(objections), 4)
    if other_list := re.search(rf"\b({synonyms.OTHER_LISTS})\b", f"{naming} | {first}"):
        points -= 2
        objections.append(repr(other_list[0]))
    if not certain_match and _are_people(texts, guesses):
        points -= 1
        objections.append("names like those of people")
    if mails := _own_mail(texts, rows):
        points -= 3
        objections.append(f"{mails}, the address of whom the row names")
    clauses = (
        [f"its name or headings say {word[0]!r}"]
        if word
        else ["neither its name nor its headings say"]
    )
    clauses += [f"it has {', '.join([*special, *general][:3])}"] if special or general else []
    clauses += [f"but also {', '.join(objections[:3])}"] if objections else []
    return points, ", ".join(clauses)


def _are_language_models(cells: Sequence[Any]) -> bool:
    return any(re.match(synonyms.LANGUAGE_MODELS, synonyms.plain(str(v))) for v in cells[:1000])


def _are_people(texts: Mapping[str, Sequence[Any]], guesses: Sequence[Guess]) -> bool:
    """Tell whether most rows are named like people: two or three capitalised words, none of them
    typical of software.
    """
    names = [str(v) for k in _naming(texts, guesses) for v in texts[k][:1000] if " " in str(v)]
    return (
        bool(names)
        and sum(
            bool(re.fullmatch(_PERSON, n)) and not re.search(synonyms.SOFTWARE, synonyms.plain(n))
            for n in names
        )
        * 5
        >= len(names) * 4
    )


def _own_mail(texts: Mapping[str, Sequence[Any]], rows: int) -> str:
    """Return the column of addresses that are the rows' own: most of them repeat the name in their
    row.
    """
    for heading, cells in texts.items():
        mails = [str(v).lower() for v in cells if "@" in str(v)]
        if (
            len(mails) < rows
            or len(set(mails)) < rows
            or not re.fullmatch(synonyms.MAIL, synonyms.words_of(heading)[1])
        ):
            continue
        for other_heading, names in texts.items():
            if other_heading != heading and len(names) == len(mails):
                hits = sum(_is_named(str(n), m) for n, m in zip(names, mails, strict=True))
                if hits * 2 > rows:
                    return heading
    return ""


def _is_named(name: str, mail: str) -> bool:
    local = synonyms.plain(mail.split("@")[0])
    if "@" in name or re.search(r"bot|agent|svc|service|assistant|helper|\bai\b", local):
        return False
    return any(len(w) > 2 and w in local for w in synonyms.plain(name).split())  # noqa: PLR2004 - initials prove nothing


def is_of_keys(about: str, keys: Sequence[str]) -> bool:
    """Tell whether each row is a key: the table's name says so, or its first column names keys and
    another their holder.
    """
    headings = [synonyms.plain(k) for k in keys]
    holders = [k for k in headings if re.fullmatch(synonyms.HOLDER, k)]
    has_dates = any(re.fullmatch(synonyms.KEY_DATES, k) for k in headings)
    is_named = re.search(rf"\b({synonyms.KEYS})\b", about)
    first_name = next(
        (k for k in headings if re.fullmatch(f"{synonyms.KEY_NAMES}|{synonyms.HOLDER}", k)), ""
    )
    by_key = bool(holders and re.fullmatch(synonyms.KEY_NAMES, first_name))
    return (has_dates and bool(is_named or by_key)) or (by_key and first_name.endswith(" id"))


def of_keys(guesses: Sequence[Guess], texts: Mapping[str, Sequence[Any]]) -> list[Guess]:
    """Return what the columns mean where each row is a key: its dates are the key's, and its holder
    is its user.
    """
    holders = [k for k in texts if re.fullmatch(synonyms.HOLDER, synonyms.plain(k))]
    results = []
    for guess in guesses:
        if guess.target in _MOVED:
            certainty = min(85, guess.sure)
            results.append(
                Guess(guess.heading, _MOVED[guess.target], certainty, guess.why, guess.entry)
            )
        if guess.target in _OF_WHICH:
            results.append(_doubted(guess, "the key's rather than its holder's"))
        elif guess.target in _KEEPERS and holders and guess.heading not in holders:
            results.append(_doubted(guess, "the key rather than its holder"))
        else:
            results.append(guess)
    if holders and not any(g.target in _KEEPERS and g.sure >= 70 for g in results):  # noqa: PLR2004
        # of one key two holders are two rows, and of two keys one holder: neither tells the rows
        # apart
        results.append(Guess(holders[0], "actors.name", 75, "whoever holds the key", holders[0]))
    ids = [
        k
        for k in texts
        if re.fullmatch(synonyms.KEY_NAMES, synonyms.plain(k))
        and k not in holders
        and not synonyms.is_secret(k)
    ]
    if (
        holders
        and ids
        and not any(g.target == "credential.credential_id" and g.sure >= 70 for g in results)
    ):  # noqa: PLR2004
        results.append(Guess(ids[0], "credential.credential_id", 75, "what names the key", ids[0]))
    return sorted(results, key=lambda g: -g.sure)


def beside_a_key(guesses: Sequence[Guess]) -> list[Guess]:
    """Doubt the dates of a row that also names a key, unless another column gives the key's own."""
    sure_targets = {g.target for g in guesses if g.sure >= 70}  # noqa: PLR2004
    if "credential.credential_id" not in sure_targets or "credential.issued_at" in sure_targets:
        return list(guesses)
    return [
        (
            _doubted(g, "of the row, or of its key? Yours to decide")
            if g.target == "actors.created_at" and _is_bare(g.heading)
            else g
        )
        for g in guesses
    ]


def _is_bare(heading: str) -> bool:
    return bool(re.fullmatch(r"(created|creation)( (at|on|date|time))?", synonyms.plain(heading)))


def _doubted(guess: Guess, why: str) -> Guess:
    return Guess(guess.heading, guess.target, min(45, guess.sure), why, guess.entry)


def as_people(
    rows: int, texts: Mapping[str, Sequence[Any]], candidates: Sequence[Guess], order: str
) -> list[Guess]:
    """Return what the columns of a list of people mean: an address identifies the person rather
    than an owner.
    """
    person_guesses = [
        g
        for g in candidates
        if g.target not in ("actors.owner_id", "actors.technical_owner_id")
        or synonyms.fit(g.heading, synonyms.MAIL) < 90
    ]
    mails = [
        k
        for k in texts
        if re.fullmatch(synonyms.MAIL, synonyms.words_of(k)[1])
        and _are_all_different(texts[k], rows)
    ]
    id_headings = mails or [
        k
        for k in texts
        if re.fullmatch(synonyms.STAFF_NUMBER, synonyms.plain(k))
        and _are_all_different(texts[k], rows)
    ]
    for heading in texts:
        words = synonyms.plain(heading)
        if heading in id_headings:
            person_guesses = [g for g in person_guesses if g.heading != heading]
            person_guesses.append(
                Guess(
                    heading,
                    "actors.actor_id",
                    90,
                    f"{rows} different in {rows} rows",
                    heading,
                )
            )
        if re.fullmatch(synonyms.LEFT, words):
            sure, why, entry = dates(cells_of(heading, texts[heading], rows, order))
            person_guesses.append(Guess(heading, "actors.retired_at", min(90, sure), why, entry))
    return sorted(person_guesses, key=lambda g: -g.sure)


def _are_all_different(values: Sequence[Any], rows: int) -> bool:
    return len({str(v) for v in values}) == rows


def complete_keys(picks: list[Guess]) -> None:
    """Complete or drop the columns of keys: a row with a rotation but no named key describes the
    account's own key.
    """
    keys = [g for g in picks if g.target.startswith("credential.")]
    actor = next(g for g in picks if g.target == "actors.actor_id")
    if any(g.target == "credential.credential_id" for g in keys):
        return
    if any(g.target == "credential.last_rotated_at" for g in keys) and isinstance(actor.entry, str):
        picks.append(
            Guess(
                actor.heading,
                "credential.credential_id",
                50,
                "no key is named: the account's own",
                actor.entry,
            )
        )
        return
    for guess in keys:
        picks.remove(guess)
