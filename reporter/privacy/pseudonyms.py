"""Pseudonyms for people in a run. In: the results of an assessment, a key. Out: the same results,
each person a pseudonym.

A person has the same pseudonym in all places, and in every run with the same cache, which holds the
key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

import msgspec

from reporter.engine.base import Engine
from reporter.model.assessment import Check
from reporter.model.reasons import Reasons
from reporter.model.sentences import Sentence
from reporter.schema.tables import CALLED, LOADED, SHARED_BY, SUBJECTS, TABLES
from reporter.schema.vocabulary import VOCABULARY

_TOKEN = re.compile(r"[^\s,;:()<>\[\]{}'\"`/|#=?&!*\\]+")
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[A-Za-z]{2,}")
_AT = re.compile(r"@|%40")
_HOLDS_MAIL = re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_PLAIN = re.compile(r"[^\W\d_]+")
"""A name that could be a word of a sentence."""
_END = re.compile(r"(?:\.(?:csv|tsv|xlsx|jsonl?|ndjson|ya?ml|parquet|gz))*[.!?]*$")
"""What may follow a name: a full stop, the ending of a file."""
_GOES_ON = re.compile(r"[\w@-]")
_APART = 6
"""Signs of a digest that keep apart what is called after one person."""
_MADE = re.compile(r"person-[0-9a-f]{12}")
_ENCODED_TIMES = 2
"""How often an address in an address is percent-encoded."""
_BETWEEN = re.compile(r"[\s._+'’-]?|[,.]\s|%20")
"""What may stand between the first and the last name of one person; nothing, where capitals
separate them.
"""
_INITIAL = re.compile(r"\.\s?|[._-]|,\s")
"""What may stand between an initial and a name: no space alone, `a Lee` may be anything."""
_INITIALS = re.compile(r"[\s.,_'’-]{0,3}")
"""What may stand between an initial and one of several other names or initials of one person."""
_ONE_LETTER = {
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ı": "i",
}
_TWO_LETTERS = {**_ONE_LETTER, "ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}
"""Plain spellings of letters that a system may lack."""
_SAYS_WHO = re.compile(
    r"\b(?:(?<!no )owner|by|(?<!use )(?<!change"
    r" )of|for|human|person|actor|as|account|identity|parent|says|_id is) $"
)
"""What precedes a person in our sentences."""
_ROLES = " UNION ".join(
    f"SELECT {column.name} FROM {table.name}"
    for table in LOADED
    for column in table.columns
    if column.person
)
"""Whoever has a part in something, as lists name them."""
_PEOPLE = (
    f"{_ROLES} UNION SELECT actor_id FROM actors WHERE kind = 'human' UNION SELECT name FROM actors"
    " WHERE kind = 'human' UNION SELECT principal_id FROM actors WHERE kind = 'human' UNION SELECT"
    " alias FROM aliases JOIN actors USING (actor_id) WHERE kind = 'human' UNION SELECT root_id"
    " FROM delegation_chains UNION SELECT agent_id FROM event_actors WHERE agent_kind = 'human'"
    " UNION SELECT actor_id FROM event_actors WHERE actor_kind = 'human'"
)
_LISTED_PEOPLE = (
    "SELECT actor_id FROM in_actors WHERE kind = 'human' UNION SELECT name FROM in_actors WHERE"
    " kind = 'human' AND name LIKE '%_@_%'"
)
"""People of the lists. They stay people even if an agent has the same id."""
_OTHERS = (
    "SELECT actor_id FROM actors WHERE kind <> 'human' UNION "
    "SELECT agent_id FROM event_actors WHERE agent_kind <> 'human' UNION "
    "SELECT principal_id FROM actors WHERE kind <> 'human' AND lower(principal_type) <> 'user'"
)
_ALIASES = (
    "SELECT name, min(actor_id) FROM (SELECT name, actor_id FROM actors WHERE kind = 'human' UNION"
    " SELECT principal_id, actor_id FROM actors WHERE kind = 'human' UNION"
    " SELECT alias, actor_id FROM aliases) AS n WHERE name IS NOT NULL GROUP BY name HAVING"
    " count(DISTINCT actor_id) = 1"
)
"""Other names of people, each of one person."""


_SUBJECT_IDS = "SELECT subject FROM results WHERE actor <> '' UNION SELECT actor FROM results"
_RECORDS = "SELECT DISTINCT subject FROM results WHERE actor = ''"
_TWINS = "SELECT lower(actor_id) FROM actors WHERE kind = 'human' GROUP BY ALL HAVING count(*) > 1"
"""Ids of several people that differ in case only."""
_NOTES = (
    "actor is here and elsewhere used may be one declare an alias if they are no source input"
    " records never holds log delivered in of days hours it stands not any register provided event"
    " events file record none shows declared for"
)
"""Words of the engine's own sentences; those of the checks come from their SQL."""


_SUBJECTS = ("agent", "actor", "actors", "subject")
"""Fields of a run's plain data that name subjects of results."""
_IDS = ("owners", "what", "name", "attested_by", "examined_by", "approved_by")
"""Fields that name people, and little else."""
_LASTING = ("id", "effects", "fixes")
"""Fields derived from pseudonyms, or from names of checks and causes."""


def mark(key: str) -> str:
    """Return a mark that distinguishes keys of pseudonyms, and reveals nothing else."""
    return hmac.new(key.encode(), b"which key made the pseudonyms", hashlib.sha256).hexdigest()[:16]


def may_be_hidden(text: str, hidden: str) -> bool:
    """Tell whether a text could be another with pseudonyms for people: all else is the same."""
    pattern = ".+".join(map(re.escape, _MADE.split(hidden)))
    return re.fullmatch(pattern, text) is not None


def hide_in(value: Any, people: People, field: str = "") -> Any:
    """Return plain data with people replaced in all its texts. An ordinary word that is also a name
    is replaced only in ids.
    """
    if field in _LASTING:
        return value
    if isinstance(value, str):
        if field in _SUBJECTS:
            return people.in_subject(value)
        return people.in_id(value) if field in _IDS else people.in_text(value)
    if isinstance(value, Sentence):
        return value.changed(people.in_id)
    if isinstance(value, tuple):
        return tuple(hide_in(v, people, field) for v in value)
    if isinstance(value, list):
        return [hide_in(v, people, field) for v in value]
    if is_dataclass(value) and not isinstance(value, type):
        values = {f.name: hide_in(getattr(value, f.name), people, f.name) for f in fields(value)}
        return replace(value, **values)
    return value


class People:
    """All people who may be named, and their pseudonyms."""

    def __init__(
        self,
        people: Set[str],
        others: Set[str],
        aliases: dict[str, str],
        twins: Set[str],
        words: Set[str],
        key: str,
    ) -> None:
        people = {_composed(p) for p in people}
        self._people, self._twins, self._words = people, {_composed(t) for t in twins}, words
        self._alias_of = {_composed(name): _composed(person) for name, person in aliases.items()}
        self._others = {token for other in others for token in _TOKEN.findall(_composed(other))}
        self._key = key.encode()
        self.left: set[str] = set()
        """Texts that still hold a word of a name, which may refer to somebody else or to nobody."""
        self._by_word: dict[str, list[str]] = defaultdict(list)
        self._mails: dict[str, str] = {}
        self._forms: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._lengths: dict[str, set[int]] = defaultdict(set)
        """Word counts of the names that begin with a word."""
        self._name_words: set[str] = set()
        self._apart: dict[str, str] = {}
        product_words = {w.lower() for w in words}
        aliased_people = set(self._alias_of.values())
        for person in sorted(people, key=len, reverse=True):
            if word := _TOKEN.search(person):
                self._by_word[word[0].lower()].append(person)
            if _MAIL.fullmatch(person):
                self._mails[person.lower()] = person
                if (
                    person in aliased_people
                    and len(mailbox := person.split("@")[0].lower()) > 2
                    and mailbox not in product_words
                ):  # noqa: PLR2004
                    self._name_words.add(mailbox)
            self._learn(person, product_words)

    def _learn(self, person: str, product_words: Set[str]) -> None:
        """Store the spellings of a person of several names: two or more in either order, the first
        as initials.
        """
        names = _names(person)
        if len(names) < 2 or {names[0], names[-1]} <= product_words:  # noqa: PLR2004 - one name is matched whole only
            return
        pseudonym = self._pseudonym(person)
        for spelling in _spellings(names):
            for form in _forms(spelling):
                if pseudonym not in self._forms[form]:
                    self._forms[form].add(pseudonym)
                    self._lengths[form[0]].add(len(form))
            parts = (spelling[0], spelling[-1], spelling[0][0] + spelling[-1])
            self._name_words |= {w for w in parts if len(w) > 3 and w not in product_words}

    def keep_apart(self, ids: Iterable[str], records: Iterable[str]) -> None:
        """Have `in_subject` and `in_record` distinguish what is called after one person: agents
        named `ines.lee@corp.example` and `InesLee` would be one, and their results too.
        """
        by_name: dict[str, set[str]] = defaultdict(set)
        for part in {part for id_ in ids for part in id_.split(" -> ")}:
            by_name[self.in_id(part)].add(part)
        for record in records:
            by_name[self.in_text(record)].add(record)
        for name, texts in by_name.items():
            # Whoever is the person has the person's name.
            for text in sorted(texts, key=lambda t: (_composed(t) not in self._people, t))[1:]:
                self._apart[text] = f"{name}-{self._digest(f'subject {text}')[:_APART]}"

    def addresses_in(self, text: str) -> set[str]:
        """Return the mail addresses of people that a text still holds."""
        return {mail for m in _HOLDS_MAIL.findall(text) if (mail := m.lower()) in self._mails}

    def in_record(self, text: str) -> str:
        """Return a subject that belongs to no actor with people replaced."""
        return self._apart.get(text) or self.in_text(text)

    def in_subject(self, text: str) -> str:
        """Return the name of a subject with people replaced: no two have one name, if
        `keep_apart` knows them.
        """
        return " -> ".join(self._apart.get(p) or self.in_id(p) for p in text.split(" -> "))

    def in_id(self, text: str) -> str:
        """Return an id, or the two of a link, with people replaced."""
        parts = _composed(text).split(" -> ")
        return " -> ".join(
            self._pseudonym(p) if p in self._people else self.in_text(p) for p in parts
        )

    def in_role(self, text: str) -> str:
        """Return who is named where somebody is meant: a person, whether a list has them or not,
        unless it is the id of another actor.
        """
        replaced = self.in_id(text)
        is_other = {*_TOKEN.findall(_composed(text))} <= self._others
        if replaced != text or is_other or _MADE.fullmatch(text):
            return replaced
        return self._pseudonym(_composed(text))

    def in_text(self, text: str) -> str:
        """Return a sentence or a path with people replaced; an ordinary word that is also a name
        stays. Where an address hides a name in percent signs, they are decoded.
        """
        replaced = self._in_plain_text(text)
        for _ in range(_ENCODED_TIMES):
            encoded, text = text, _composed(unquote(text))
            if text == encoded:  # most texts, and each that only tells a percentage
                break
            decoded = self._in_plain_text(text)
            if decoded != text and unquote(replaced) != decoded:
                replaced = decoded
        return replaced

    def _in_plain_text(self, text: str) -> str:
        text = _composed(text)
        pieces, position = [], 0
        for token in _TOKEN.finditer(text):
            start = token.start()
            if start >= position and (mention := self._person_at(text, start, token[0])):
                person, length = mention
                pieces += [self._in_parts(text[position:start]), self._pseudonym(person)]
                position = start + length
        return "".join([*pieces, self._in_parts(text[position:])])

    def in_values(self, reason_values: str, words: Set[str]) -> str:
        """Replace people in the values of a reason, a JSON object; values named in `words` are
        ours.
        """
        values = msgspec.json.decode(reason_values)
        new_values = {n: v if n in words else self._in_value(v) for n, v in values.items()}
        return msgspec.json.encode(new_values).decode() if new_values != values else reason_values

    def _in_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.in_id(value)
        if isinstance(value, list):
            return [self._in_value(v) for v in value]
        return (
            {k: self._in_value(v) for k, v in value.items()} if isinstance(value, dict) else value
        )

    def _person_at(self, text: str, start: int, token: str) -> tuple[str, int] | None:
        """Return the person named at a place, and the length of the name."""
        stem = _END.sub("", token)
        for word in dict.fromkeys((token.lower(), stem.lower())):
            for person in self._by_word.get(word, ()):
                if self._stands(person, text, start):
                    return person, len(person)
        mail = stem.replace("%40", "@")
        if _MAIL.fullmatch(mail) and mail not in self._others:
            return self._mails.get(mail.lower(), mail), len(stem)
        return None

    def _in_parts(self, text: str) -> str:
        """Replace people whose mail address or two names are part of something else:
        `agt-ulla.achterberg-helper`.
        """
        if self._mails and _AT.search(text):
            text = _HOLDS_MAIL.sub(lambda m: self._in_mail(m[0]), text)
        words = list(_split(text)) if self._forms else []
        pieces, position, number = [], 0, 0
        while number < len(words):
            start, _, word = words[number]
            if mention := self._spelling_at(text, words, number):
                pseudonyms, number = mention
                end = words[number - 1][1]
                name = min(pseudonyms) if len(pseudonyms) == 1 else self._pseudonym(text[start:end])
                pieces += [text[position:start], name]
                position = end
                continue
            if word in self._name_words:
                self.left.add(text)
            number += 1
        return "".join([*pieces, text[position:]])

    def _spelling_at(
        self, text: str, words: list[Word], number: int
    ) -> tuple[set[str], int] | None:
        """Return the person spelled from a word on, the longest first, and the number of the next
        word.
        """
        for length in sorted(self._lengths.get(words[number][2], ()), reverse=True):
            run = words[number : number + length]
            if len(run) < length:
                continue
            if (pseudonyms := self._forms.get(tuple(w for *_, w in run))) and _belong(text, run):
                return pseudonyms, number + length
        first, middle, last = (*words[number : number + 3], *[(0, 0, "")] * 3)[:3]
        if len(middle[2]) == 1 and len(first[2]) > 1 and _belong(text, [first, middle, last]):
            pseudonyms = self._forms.get((first[2], last[2]), set())
            return (pseudonyms, number + 3) if pseudonyms and len(last[2]) > 1 else None
        return None

    def _in_mail(self, text: str) -> str:
        """Replace the mail address of a person with a prefix or suffix."""
        mail = text.replace("%40", "@").lower()
        starts = [0, *(m.end() for m in re.finditer(r"[._+-]", mail[: mail.index("@")]))]
        ends = [
            len(mail),
            *(m.start() for m in re.finditer(r"[._-]", mail) if m.start() > mail.index("@")),
        ]
        for start in starts:
            for end in sorted(ends, reverse=True):
                if person := self._mails.get(mail[start:end]):
                    return f"{mail[:start]}{self._pseudonym(person)}{mail[end:]}"
        return text

    def _stands(self, person: str, text: str, start: int) -> bool:
        end = start + len(person)
        occurrence = text[start:end]
        if occurrence.lower() != person.lower() or _GOES_ON.match(text, end):
            return False
        if not _PLAIN.fullmatch(person):
            return True
        is_meant = person not in self._words or _SAYS_WHO.search(text[max(0, start - 20) : start])
        return occurrence == person and bool(is_meant)

    def _pseudonym(self, person: str) -> str:
        identity = self._alias_of.get(person, person)
        name = identity if identity.lower() in self._twins else identity.lower()
        return f"person-{self._digest(name)[:12]}"

    def _digest(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


def _composed(text: str) -> str:
    """Return a text with composed accents: names of files often hold them decomposed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


Word = tuple[int, int, str]
"""Start and end of a word of a text, and the word in lower case."""


def _names(person: str) -> list[str]:
    """Return the names of a person in lower case, the first name first; nothing for a single
    name.
    """
    name = person.split("@")[0]
    last, comma, first = name.partition(",")
    words = [w.lower() for w in _PLAIN.findall(f"{first} {last}" if comma else name)]
    return words if 2 <= len(words) <= 5 else []  # noqa: PLR2004 - more is a sentence


def _spellings(names: list[str]) -> Iterator[list[str]]:
    """Yield names as they are, and with the plain letters that people and systems substitute."""
    spellings: list[list[str]] = []
    for table in ({}, _TWO_LETTERS, {**_TWO_LETTERS, "ø": "o"}, _ONE_LETTER):
        spelling = ["".join(table.get(c, c) for c in name) for name in names]
        if table:
            spelling = [
                unicodedata.normalize("NFKD", w).encode("ascii", "ignore").decode() or w
                for w in spelling
            ]
        if spelling not in spellings:
            spellings.append(spelling)
            yield spelling


def _forms(names: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield the ways to write a person's names; an initial with a short name is ambiguous and left
    out.
    """
    first, *others = names
    last = others[-1]
    if len(last) > 2 and len(first) > 1:
        yield from ((first, last), (last, first), (first[0], last), (last, first[0]))
        yield from ((first + last,), (last + first,))
    if len(last) > 4:
        yield (first[0] + last,)
        if len(first) == 1:
            yield from ((first, last), (last, first))
    if not others[:-1]:
        return
    leading = "".join(n[0] for n in names[:-1])
    for at in range(1, len(names)):
        yield (*names[at:], *names[:at])
    yield tuple(names)
    yield from ((first, *names[at:]) for at in range(2, len(names)))
    yield from ((first[0], *names[at:]) for at in range(1, len(names)))
    yield ("".join(names),)
    yield (first, "".join(others))
    if len("".join(others)) > 4:
        yield from ((first[0], "".join(others)), (first[0] + "".join(others),))
    if len(last) > 3:
        yield from ((*leading, last), (leading, last), (last, *leading), (leading + last,))
        yield from ((first, name) for name in others[len(others) > 2 :] if len(name) > 3)
        yield from (
            (first, *others[:at])
            for at in range(1 + (len(others) > 2), len(others))
            if len(others[at - 1]) > 3
        )
        yield from ((*(n[0] for n in names[:at]), *names[at:]) for at in range(2, len(names)))


def _belong(text: str, run: Sequence[Word]) -> bool:
    """Tell whether words are joined as the names of one person."""
    for (_, end, one), (start, _, other) in pairwise(run):
        between = text[end:start]
        if 1 in (len(one), len(other)):
            separator = (_INITIAL if len(run) == 2 else _INITIALS).fullmatch(between)  # noqa: PLR2004
        else:
            separator = _BETWEEN.fullmatch(between)
        if not separator:
            return False
    return True


def _split(text: str) -> Iterator[Word]:
    """Yield the words of a text with their places; a capital begins a new word."""
    for run in _PLAIN.finditer(text):
        start, letters = run.start(), run[0]
        for index in range(1, len(letters)):
            if letters[index].isupper() and letters[index - 1].islower():
                yield start, run.start() + index, text[start : run.start() + index].lower()
                start = run.start() + index
        yield start, run.end(), text[start : run.end()].lower()


def hide_people(
    engine: Engine, key: str, checks: Iterable[Check], extra_people: Iterable[str] = ()
) -> People:
    """Replace people in `results`; return the object that does the same to any other text.

    `extra_people` are people whom no table names.
    """
    checks = tuple(checks)
    pseudonyms = known_people(engine, key, checks, extra_people)
    engine.run("CREATE OR REPLACE TABLE renamed (old VARCHAR, new VARCHAR)")
    sharers = _sharers(engine)
    ids = {i for (i,) in engine.rows(_SUBJECT_IDS) if i}
    pseudonyms.keep_apart(ids | sharers, [r for (r,) in engine.rows(_RECORDS)])
    for column, condition, change in (
        ("subject", "actor <> ''", pseudonyms.in_subject),
        ("subject", "actor = ''", pseudonyms.in_record),
        ("actor", "TRUE", pseudonyms.in_subject),
        ("owner", "TRUE", pseudonyms.in_id),
        ("ref", "TRUE", pseudonyms.in_text),
        ("waiver", "waiver IS NOT NULL", pseudonyms.in_text),
    ):
        swap(engine, "results", column, condition, change)
        if column in ("subject", "actor"):
            engine.run("INSERT INTO renamed SELECT * FROM swaps ANTI JOIN renamed USING (old)")
    swap_values(engine, Reasons(checks), pseudonyms)
    _rename_sharers(engine, sharers, pseudonyms.in_subject)
    engine.run(
        f"CREATE OR REPLACE MACRO {CALLED}(plain) AS coalesce((SELECT any_value(new) FROM renamed"
        " WHERE old = plain), plain)"
    )
    swap(engine, "actors", "business_unit", "business_unit IS NOT NULL", pseudonyms.in_text)
    return pseudonyms


def known_people(
    engine: Engine, key: str, checks: Iterable[Check], extra_people: Iterable[str] = ()
) -> People:
    """Return the people of the tables, and some more; nothing is replaced."""
    machines = {i for (i,) in engine.rows(_OTHERS) if i}
    roles = {*extra_people, *(p for (p,) in engine.rows(_PEOPLE) if p)}
    listed_people = {p for (p,) in engine.rows(_LISTED_PEOPLE) if p}
    people = listed_people | {p for p in roles if p not in machines or _MAIL.fullmatch(p)}
    other_ids = machines - people
    twins = {t for (t,) in engine.rows(_TWINS)}
    words = words_of(c.sql for c in checks)
    return People(people, other_ids, dict(engine.rows(_ALIASES)), twins, words, key)


def swap_values(
    engine: Engine,
    reasons: Reasons,
    pseudonyms: People,
    table: str = "results",
    columns: tuple[str, str, str] = ("check_id", "reason_code", "reason_values"),
) -> int:
    """Replace people in the values of reasons, except in words of ours; `columns` hold the check,
    the code and the values. Return how many rows have changed.
    """
    check, code, values = columns
    reason_rows = engine.rows(
        f"SELECT DISTINCT \"{check}\", {code}, {values} FROM {table} WHERE {values} <> ''"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE swapped (check_id VARCHAR, code VARCHAR, old VARCHAR, new"
        " VARCHAR)"
    )
    swaps = (
        (check_id, reason, old, pseudonyms.in_values(old, reasons.words_of(check_id, reason)))
        for check_id, reason, old in reason_rows
    )
    engine.insert("swapped", [row for row in swaps if row[2] != row[3]])
    where = (
        f'FROM swapped AS s WHERE s.check_id = {table}."{check}" AND s.code = {table}.{code} AND'
        f" s.old = {table}.{values}"
    )
    count = int(engine.one(f"SELECT count(*) FROM {table}, {where.removeprefix('FROM ')}"))
    engine.run(f"UPDATE {table} SET {values} = s.new {where}")
    return count


def _sharers(engine: Engine) -> set[str]:
    """Return the actors that share a subject: ids of causes derive from all of them."""
    owners = " UNION ".join(f"SELECT actor_id FROM ({SUBJECTS[about]})" for about in SHARED_BY)
    return {a for (a,) in engine.rows(owners) if a}


def _rename_sharers(engine: Engine, sharers: Set[str], change: Callable[[str], str]) -> None:
    """Rename actors that no result names."""
    renamed = {old for (old,) in engine.rows("SELECT old FROM renamed")}
    swaps = ((text, change(text)) for text in sorted(sharers - renamed))
    engine.insert("renamed", [(old, new) for old, new in swaps if new != old])


def swap(
    engine: Engine, table: str, column: str, condition: str, change: Callable[[str], str]
) -> int:
    """Replace the texts of one column; leave the changed ones in `swaps`. Return how many rows have
    changed.
    """
    texts = [t for (t,) in engine.rows(f"SELECT DISTINCT {column} FROM {table} WHERE {condition}")]
    engine.run("CREATE OR REPLACE TEMP TABLE swaps (old VARCHAR, new VARCHAR)")
    engine.insert("swaps", [(t, new) for t in texts if (new := change(t)) != t])
    where = f"{column} = swaps.old AND {condition}"
    count = int(engine.one(f"SELECT count(*) FROM {table}, swaps WHERE {where}"))
    engine.run(f"UPDATE {table} SET {column} = swaps.new FROM swaps WHERE {where}")
    return count


def words_of(sentences: Iterable[str]) -> set[str]:
    """Return the words of our own sentences."""
    columns = (c.name for t in TABLES.values() for c in t.columns)
    vocabulary = (w for words in VOCABULARY.values() for w in words)
    texts = (*sentences, *TABLES, *columns, *vocabulary, _NOTES)
    return {word for text in texts for word in re.findall(r"[^\W\d_]+", text)}
