"""Names of people out of a run. In: the cells of an assessment, a key. Out: the same cells, each person a pseudonym.

A person has the same pseudonym wherever they stand and in every run with the same cache, which holds the key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from reporter.db import Engine

_TOKEN = re.compile(r"[^\s,;:()<>\[\]{}'\"]+")
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[A-Za-z]{2,}\.?")
_TEXTS = ("subject", "reason", "actor", "owner")
_PEOPLE = (
    "SELECT actor_id FROM actors WHERE kind = 'human' UNION SELECT name FROM actors WHERE kind = 'human' "
    "UNION SELECT owner_id FROM actors UNION SELECT technical_owner_id FROM actors "
    "UNION SELECT previous_owner_id FROM actors UNION SELECT approver_id FROM approvals "
    "UNION SELECT requester_id FROM approvals UNION SELECT kill_switch_owner FROM actors "
    "UNION SELECT approver_id FROM exceptions UNION SELECT requester_id FROM exceptions UNION SELECT root_id FROM delegations"
)


def hide_people(engine: Engine, key: str) -> Callable[[str], str]:
    """Replace people in `cells`; return what does the same to any other text."""
    others = {i for (i,) in engine.rows("SELECT actor_id FROM actors WHERE kind <> 'human'")}
    people = {p for (p,) in engine.rows(_PEOPLE) if p} - others
    hide = _Hider(people, others, key)
    for column in _TEXTS:
        texts = [t for (t,) in engine.rows(f"SELECT DISTINCT {column} FROM cells")]
        changed = [(t, new) for t in texts if (new := hide(t)) != t]
        engine.run("CREATE OR REPLACE TEMP TABLE swaps (old VARCHAR, new VARCHAR)")
        engine.insert("swaps", changed)
        engine.run(f"UPDATE cells SET {column} = swaps.new FROM swaps WHERE {column} = swaps.old")
    return hide


def hide_in(value: Any, hide: Callable[[str], str]) -> Any:
    """Return plain data with people replaced in all its texts."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, tuple):
        return tuple(hide_in(v, hide) for v in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{f.name: hide_in(getattr(value, f.name), hide) for f in fields(value)}
        )
    return value


class _Hider:
    def __init__(self, people: set[str], others: set[str], key: str) -> None:
        self._others = others
        self._key = key.encode()
        self._by_word: dict[str, list[str]] = defaultdict(list)
        for person in sorted(people, key=len, reverse=True):
            word = _TOKEN.search(person)
            if word:
                self._by_word[word[0]].append(person)

    def __call__(self, text: str) -> str:
        made, at = [], 0
        for token in _TOKEN.finditer(text):
            if token.start() < at:
                continue
            found = next(
                (
                    p
                    for p in self._by_word.get(token[0], ())
                    if self._stands(p, text, token.start())
                ),
                "",
            )
            if not found and _MAIL.fullmatch(token[0]) and token[0] not in self._others:
                found = token[0].rstrip(".")
            if found:
                made += [text[at : token.start()], self._pseudonym(found)]
                at = token.start() + len(found)
        return "".join([*made, text[at:]])

    def _stands(self, person: str, text: str, at: int) -> bool:
        end = at + len(person)
        return text.startswith(person, at) and not text[end : end + 1].isalnum()

    def _pseudonym(self, person: str) -> str:
        return (
            f"person-{hmac.new(self._key, person.lower().encode(), hashlib.sha256).hexdigest()[:8]}"
        )
