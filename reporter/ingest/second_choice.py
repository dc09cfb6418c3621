"""Pass files that a source recognised but could not use to the next best source. In: choices and
their results. Out: the same, corrected.

A source recognises a record by a few keys and may then find nothing in it; another source may
recognise it too.
"""

from __future__ import annotations

from dataclasses import replace

from reporter.engine.duckdb import DuckDB
from reporter.engine.sandbox import Limits
from reporter.ingest.cache import Cache, Counts
from reporter.ingest.convert import Done, convert
from reporter.ingest.detect import Choice
from reporter.ingest.readers.inputs import Inputs
from reporter.model.sentences import Sentence, joined, tell

TRIED = 3
"""Sources tried for one file after the first."""


def reconsider(
    engine: DuckDB,
    choices: list[Choice],
    conversions: list[Done],
    inputs: Inputs,
    cache: Cache,
    limits: Limits,
) -> tuple[list[Choice], list[Done]]:
    """Give each file of which nothing was kept to the next source that keeps some; say what was
    tried.
    """
    empty_counts = _empty(conversions)
    second_choices = [
        (
            _second(engine, c, empty_counts[c.file.name], inputs, cache, limits)
            if c.source and c.file.name in empty_counts
            else c
        )
        for c in choices
    ]
    changes = [
        (old.source, new.source)
        for old, new in zip(choices, second_choices, strict=True)
        if old.source and new.source and _taken_for(old) != _taken_for(new)
    ]
    if not changes:
        return second_choices, conversions
    source_ids = {s.id for pair in changes for s in pair}
    other_conversions = [d for d in conversions if d[0].source not in source_ids]
    affected_choices = [c for c in second_choices if c.source and c.source.id in source_ids]
    return second_choices, [
        *other_conversions,
        *convert(engine, affected_choices, inputs, cache, limits),
    ]


def _taken_for(choice: Choice) -> tuple[str, str, str]:
    return (choice.source.id if choice.source else "", choice.path, choice.file.envelope)


def _empty(conversions: list[Done]) -> dict[str, Counts]:
    """Files with records of which none was kept, except those that changed while they were read."""
    return {
        file.name: counts
        for batch, files, _ in conversions
        for file, counts in zip(files, batch.counts, strict=True)
        if batch.key and counts.read and not counts.kept
    }


def _second(
    engine: DuckDB, choice: Choice, counts: Counts, inputs: Inputs, cache: Cache, limits: Limits
) -> Choice:
    first_title = choice.source.title if choice.source else ""
    others = [replace(choice, source=s, path=p, why=w) for s, p, w in choice.others[:TRIED]]
    if choice.envelope and not choice.file.envelope:
        others.insert(0, _opened(choice))
    for candidate in others:
        ((batch, _, _),) = convert(engine, [candidate], inputs, cache, limits)
        if batch.counts[0].kept:
            reason = tell(
                "{why}; as {source} none of its {n} records could be kept",
                why=candidate.why,
                source=first_title,
                n=counts.read,
            )
            return replace(candidate, why=reason)
    failure = tell("{why}, but none of its {n} records is kept", why=choice.why, n=counts.read)
    if attempts := tuple(dict.fromkeys(s.id for s, _, _ in choice.others[:TRIED])):
        failure = joined(failure, tell("{sources} kept none either", sources=attempts))
    return replace(choice, why=failure)


def _opened(choice: Choice) -> Choice:
    """Return a choice with the envelope opened that its source recognised without."""
    why = tell("{why}, in {envelope}", why=choice.why, envelope=Sentence(choice.envelope))
    return replace(choice, file=replace(choice.file, envelope=choice.envelope), why=why)
