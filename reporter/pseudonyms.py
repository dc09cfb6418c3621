"""Names of people out of a run. In: the cells of an assessment, a key. Out: the same cells, each person a pseudonym.

A person has the same pseudonym wherever they stand and in every run with the same cache, which holds the key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import fields, is_dataclass, replace
from typing import Any

from reporter.db import Engine
from reporter.schema import CALLED, TABLES
from reporter.vocabulary import VOCABULARY

_TOKEN = re.compile(r"[^\s,;:()<>\[\]{}'\"`/|#=?&!*\\]+")
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[A-Za-z]{2,}")
_AT = re.compile(r"@|%40")
_HOLDS_MAIL = re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_PLAIN = re.compile(r"[^\W\d_]+")
"""A name that could be a word of a sentence."""
_END = re.compile(r"(?:\.(?:csv|tsv|xlsx|jsonl?|ndjson|ya?ml|parquet|gz))*[.!?]*$")
"""What may stand after a name: a full stop, the ending of a file."""
_GOES_ON = re.compile(r"[\w@-]")
_BETWEEN = re.compile(r"[\s._+-]?|[,.]\s|%20")
"""What may stand between the first and the last name of one person; nothing, where capitals tell them apart."""
_INITIAL = re.compile(r"\.\s?|[._-]|,\s")
"""What may stand between an initial and a name: no space alone, `a Lee` may be anything."""
_SAYS_WHO = re.compile(
    r"\b(?:(?<!no )owner|by|(?<!use )(?<!change )of|for|human|person|actor|as|account|identity|parent|says|_id is) $"
)
"""What stands before a person in our sentences."""
_PEOPLE = (
    "SELECT actor_id FROM actors WHERE kind = 'human' UNION SELECT name FROM actors WHERE kind = 'human' "
    "UNION SELECT owner_id FROM actors UNION SELECT technical_owner_id FROM actors "
    "UNION SELECT previous_owner_id FROM actors UNION SELECT kill_switch_owner FROM actors "
    "UNION SELECT approver_id FROM approvals UNION SELECT requester_id FROM approvals "
    "UNION SELECT approver_id FROM exceptions UNION SELECT requester_id FROM exceptions "
    "UNION SELECT root_id FROM delegations UNION SELECT approved_by FROM policies UNION SELECT alias FROM aliases JOIN actors USING (actor_id) WHERE kind = 'human' "
    "UNION SELECT agent_id FROM event_actors WHERE agent_kind = 'human' "
    "UNION SELECT actor_id FROM event_actors WHERE actor_kind = 'human'"
)
_SURELY = "SELECT actor_id FROM in_actors WHERE kind = 'human' UNION SELECT name FROM in_actors WHERE kind = 'human' AND name LIKE '%_@_%'"
"""People of the lists, whatever else calls itself so: an agent with the id of a person does not take the name from them."""
_OTHERS = (
    "SELECT actor_id FROM actors WHERE kind <> 'human' UNION "
    "SELECT agent_id FROM event_actors WHERE agent_kind <> 'human' UNION "
    "SELECT principal_id FROM actors WHERE kind <> 'human' AND lower(principal_type) <> 'user'"
)
_ALSO = (
    "SELECT name, min(actor_id) FROM (SELECT name, actor_id FROM actors WHERE kind = 'human' UNION "
    "SELECT alias, actor_id FROM aliases) AS n WHERE name IS NOT NULL GROUP BY name HAVING count(DISTINCT actor_id) = 1"
)
"""Other names of people, each of one person."""


_TWINS = "SELECT lower(actor_id) FROM actors WHERE kind = 'human' GROUP BY ALL HAVING count(*) > 1"
"""Ids of several people that differ in case only."""
_NOTES = (
    "actor is here and elsewhere used may be one declare an alias if they are no source input records never holds log "
    "delivered in of days hours it stands register that was supplied event events file record none shows declared for"
)
"""Words of the engine's own sentences; those of the checks come from their SQL."""


_IDS = (
    *("agent", "actor", "actors", "owners", "subject", "what", "name"),
    *("attested_by", "examined_by", "approved_by"),
)
"""Fields of a run's plain data that name actors, and little else."""


def mark(key: str) -> str:
    """Return what tells a key of pseudonyms from others, and nothing else of it."""
    return hmac.new(key.encode(), b"which key made the pseudonyms", hashlib.sha256).hexdigest()[:16]


def hide_in(value: Any, people: People, field: str = "") -> Any:
    """Return plain data with people replaced in all its texts; a word that is also a name stays but where ids stand."""
    if isinstance(value, str):
        return people.in_id(value) if field in _IDS else people.in_text(value)
    if isinstance(value, tuple):
        return tuple(hide_in(v, people, field) for v in value)
    if isinstance(value, list):
        return [hide_in(v, people, field) for v in value]
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: hide_in(getattr(value, f.name), people, f.name) for f in fields(value)}
        return replace(value, **changed)
    return value


class People:
    """Everybody who may be named, and what to call them."""

    def __init__(
        self, people: Set[str], others: Set[str], also: dict[str, str], twins: Set[str], words: Set[str], key: str
    ) -> None:  # fmt: skip
        self._people, self._also, self._twins, self._words = people, also, twins, words
        self._others = {token for other in others for token in _TOKEN.findall(other)}
        self._key = key.encode()
        self.left: set[str] = set()
        """Texts that still hold a word of somebody's name, which may mean somebody else or nobody."""
        self._by_word: dict[str, list[str]] = defaultdict(list)
        self._mails: dict[str, str] = {}
        self._forms: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._name_words: set[str] = set()
        ours = {w.lower() for w in words}
        for person in sorted(people, key=len, reverse=True):
            if word := _TOKEN.search(person):
                self._by_word[word[0].lower()].append(person)
            if _MAIL.fullmatch(person):
                self._mails[person.lower()] = person
            self._learn(person, ours)

    def _learn(self, person: str, ours: Set[str]) -> None:
        """Remember how a person of two names may be written: both together, or the first as an initial."""
        first, last = _two_names(person)
        if len(last) < 3 or len(first) < 2 or {first, last} <= ours:
            return
        who = self._pseudonym(person)
        for form in ((first, last), (last, first), (first[0], last), (last, first[0])):
            self._forms[form].add(who)
        self._forms[(first + last,)].add(who)
        self._forms[(last + first,)].add(who)
        if len(last) > 4:
            self._forms[(first[0] + last,)].add(who)
        self._name_words |= {w for w in (first, last) if len(w) > 3 and w not in ours}

    def in_id(self, text: str) -> str:
        """Return an id, or the two of a link, with people replaced."""
        parts = text.split(" -> ")
        return " -> ".join(
            self._pseudonym(p) if p in self._people else self.in_text(p) for p in parts
        )

    def in_text(self, text: str) -> str:
        """Return a sentence or a path with people replaced; a word that is also a name stays where nobody is meant."""
        made, at = [], 0
        for token in _TOKEN.finditer(text):
            start = token.start()
            if start >= at and (found := self._named(text, start, token[0])):
                person, length = found
                made += [self._in_parts(text[at:start]), self._pseudonym(person)]
                at = start + length
        return "".join([*made, self._in_parts(text[at:])])

    def _named(self, text: str, start: int, token: str) -> tuple[str, int] | None:
        """Who is named at a place, and in how many characters."""
        bare = _END.sub("", token)
        for word in dict.fromkeys((token.lower(), bare.lower())):
            for person in self._by_word.get(word, ()):
                if self._stands(person, text, start):
                    return person, len(person)
        mail = bare.replace("%40", "@")
        if _MAIL.fullmatch(mail) and mail not in self._others:
            return self._mails.get(mail.lower(), mail), len(bare)
        return None

    def _in_parts(self, text: str) -> str:
        """Replace people whose mail address or two names stand inside of something else: `agt-ulla.achterberg-helper`."""
        if self._mails and _AT.search(text):
            text = _HOLDS_MAIL.sub(lambda m: self._in_mail(m[0]), text)
        words = list(_split(text)) if self._forms else []
        made, at, number = [], 0, 0
        while number < len(words):
            (start, end, word), *more = words[number : number + 2]
            number += 1
            who = self._forms.get((word,), set())
            if more and not who:
                (again, finish, second) = more[0]
                who = self._forms.get((word, second), set())
                single = 1 in (len(word), len(second))
                if who and (_INITIAL if single else _BETWEEN).fullmatch(text, end, again):
                    end, number = finish, number + 1
                else:
                    who = set()
            if who:
                name = min(who) if len(who) == 1 else self._pseudonym(text[start:end])
                made += [text[at:start], name]
                at = end
            elif word in self._name_words:
                self.left.add(text)
        return "".join([*made, text[at:]])

    def _in_mail(self, text: str) -> str:
        """Replace the mail address of a person that has something before or behind it."""
        mail = text.replace("%40", "@").lower()
        starts = [0, *(m.end() for m in re.finditer(r"[._+-]", mail[: mail.index("@")]))]
        ends = [len(mail), *(m.start() for m in re.finditer(r"[._-]", mail) if m.start() > mail.index("@"))]  # fmt: skip
        for start in starts:
            for end in sorted(ends, reverse=True):
                if person := self._mails.get(mail[start:end]):
                    return f"{mail[:start]}{self._pseudonym(person)}{mail[end:]}"
        return text

    def _stands(self, person: str, text: str, start: int) -> bool:
        end = start + len(person)
        said = text[start:end]
        if said.lower() != person.lower() or _GOES_ON.match(text, end):
            return False
        if not _PLAIN.fullmatch(person):
            return True
        meant = person not in self._words or _SAYS_WHO.search(text[max(0, start - 20) : start])
        return said == person and bool(meant)

    def _pseudonym(self, person: str) -> str:
        known = self._also.get(person, person)
        name = known if known.lower() in self._twins else known.lower()
        return f"person-{hmac.new(self._key, name.encode(), hashlib.sha256).hexdigest()[:12]}"


def _two_names(person: str) -> tuple[str, str]:
    """Return the first and the last name of a person in small letters; empty where there are no two."""
    name = person.split("@")[0]
    last, comma, first = name.partition(",")
    words = [w.lower() for w in _PLAIN.findall(f"{first} {last}" if comma else name)]
    return (words[0], words[-1]) if 2 <= len(words) <= 4 else ("", "")


def _split(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the words of a text with their places; capitals begin a word of their own."""
    for run in _PLAIN.finditer(text):
        start, letters = run.start(), run[0]
        for i in range(1, len(letters)):
            if letters[i].isupper() and letters[i - 1].islower():
                yield start, run.start() + i, text[start : run.start() + i].lower()
                start = run.start() + i
        yield start, run.end(), text[start : run.end()].lower()


def hide_people(
    engine: Engine, key: str, sentences: Iterable[str], named: Iterable[str] = ()
) -> People:
    """Replace people in `cells`; return who does the same to any other text. `sentences` hold the words of the checks.

    `named` are people of whom no table says anything.
    """
    machines = {i for (i,) in engine.rows(_OTHERS) if i}
    roles = {*named, *(p for (p,) in engine.rows(_PEOPLE) if p)}
    sure = {p for (p,) in engine.rows(_SURELY) if p}
    people = sure | {p for p in roles if p not in machines or _MAIL.fullmatch(p)}
    others = machines - people
    twins = {t for (t,) in engine.rows(_TWINS)}
    hidden = People(people, others, dict(engine.rows(_ALSO)), twins, _words(sentences), key)
    engine.run("CREATE OR REPLACE TABLE renamed (old VARCHAR, new VARCHAR)")
    for column, rows, change in (
        ("subject", "actor <> ''", hidden.in_id),
        ("subject", "actor = ''", hidden.in_text),
        ("actor", "TRUE", hidden.in_id),
        ("owner", "TRUE", hidden.in_id),
        ("reason", "TRUE", hidden.in_text),
        ("ref", "TRUE", hidden.in_text),
        ("waiver", "waiver IS NOT NULL", hidden.in_text),
    ):
        _swap(engine, "cells", column, rows, change)
        if column in ("subject", "actor"):
            engine.run("INSERT INTO renamed SELECT * FROM swaps ANTI JOIN renamed USING (old)")
    engine.run(
        f"CREATE OR REPLACE MACRO {CALLED}(plain) AS coalesce((SELECT any_value(new) FROM renamed WHERE old = plain), plain)"
    )
    _swap(engine, "actors", "business_unit", "business_unit IS NOT NULL", hidden.in_text)
    return hidden


def _swap(engine: Engine, table: str, column: str, rows: str, change: Callable[[str], str]) -> None:
    """Change the texts of one column; leave what was changed in `swaps`."""
    texts = [t for (t,) in engine.rows(f"SELECT DISTINCT {column} FROM {table} WHERE {rows}")]
    engine.run("CREATE OR REPLACE TEMP TABLE swaps (old VARCHAR, new VARCHAR)")
    engine.insert("swaps", [(t, new) for t in texts if (new := change(t)) != t])
    engine.run(
        f"UPDATE {table} SET {column} = swaps.new FROM swaps WHERE {column} = swaps.old AND {rows}"
    )


def _words(sentences: Iterable[str]) -> set[str]:
    """The words that our own sentences are made of."""
    columns = (c.name for t in TABLES.values() for c in t.columns)
    vocabulary = (w for words in VOCABULARY.values() for w in words)
    ours = (*sentences, *TABLES, *columns, *vocabulary, _NOTES)
    return {word for text in ours for word in re.findall(r"[^\W\d_]+", text)}
