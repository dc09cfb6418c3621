"""Which source does a file speak? In: files, sources. Out: for each file a source and where its
records stand, with why.

The first records of every file are laid before every source's `when` in one query; the best share
wins."""

from __future__ import annotations

import itertools
import json
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from reporter.content import source_macros
from reporter.engine.base import Error, quoted
from reporter.engine.duckdb import DuckDB
from reporter.engine.sandbox import USUAL, Child, Limits
from reporter.engine.workers import Processes
from reporter.errors import ContentError
from reporter.ingest import foreign_sources
from reporter.ingest.exports.envelopes import is_certain
from reporter.ingest.exports.pages import WHOLE, Pages
from reporter.ingest.readers.documents import documents
from reporter.ingest.readers.files import BOOKS, InputFile
from reporter.ingest.readers.record_fields import extracted_once
from reporter.ingest.readers.records import NOTHING, Document, Seen, without_secrets
from reporter.ingest.readers.samples import SAMPLE, Kind, sample
from reporter.model.sentences import Sentence, joined, tell
from reporter.model.source import Source

GENERAL = 80
"""A source of this rank or above reads what is left where a vendor's own record is not."""
LEAST, LEAST_OF_A_STREAM = 0.5, 0.1
"""Share of its first records that a source must know to take a file; pipelines mix other lines into
a vendor's log.
"""
MAX_LISTS = 1000
"""Lists of one document that are tried one by one: each is a file of its own, in recognition as in
the accounting.
"""
CHUNK = 4 << 20
"""Characters of sampled records that the engine looks at together."""
SAMPLED_IN_ALL = 9000
"""Records looked at first, over all files."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a file was taken for."""

    file: InputFile
    source: Source | None
    path: str
    """Where its records stand: '' or a path such as Records or
    resourceSpans[].scopeSpans[].spans[].
    """
    why: Sentence
    others: tuple[tuple[Source, str, Sentence], ...] = ()
    """(source, path, why) of those that know its records too, the best first."""
    seen: Seen = NOTHING
    """What lets a document be read again quickly."""
    envelope: str = ""
    """What seems to stand around each of its records."""
    pages: Pages = WHOLE
    """What its documents say of how much of an export they are."""


def recognise(
    engine: DuckDB,
    files: list[InputFile],
    sources: tuple[Source, ...],
    limits: Limits = USUAL,
    workers: Processes | None = None,
    by_beginnings: bool = False,
) -> list[Choice]:
    """Choose a source for every file by the content of its first records.

    With many files, fewer records are looked at first; where these are not all of one source, more
    are read. By beginnings, no more is read of a document that begins with a list: who reads it
    all then is told whether it is what it was taken for.
    """
    source_macros.define(engine)
    with Child(limits) as child:
        return _recognise(engine, files, sources, child, workers, by_beginnings)


def _recognise(
    engine: DuckDB,
    files: list[InputFile],
    sources: tuple[Source, ...],
    child: Child,
    workers: Processes | None,
    by_beginnings: bool,
) -> list[Choice]:
    sample_size = max(1, min(SAMPLE, SAMPLED_IN_ALL // (len(files) or 1)))
    choices = _look(engine, files, sources, sample_size, child, by_beginnings, workers)
    unsure = [
        i
        for i, (choice, sure) in enumerate(choices)
        if not sure and (sample_size < SAMPLE or (choice.seen.only_list and not choice.source))
    ]
    unsure_files = [files[i] for i in unsure]
    retries = _look(engine, unsure_files, sources, SAMPLE, child, workers=workers)
    for index, retry in zip(unsure, retries, strict=True):
        choices[index] = retry
    picks = _in_envelopes(engine, [choice for choice, _ in choices], sources, child)
    unknown = [c for c in picks if c.source is None and c.file.format == "json"]
    by_file = _in_wrappers(engine, unknown, sources, child)
    results = [part for c in picks for part in by_file.get(c.file.name, [c])]
    reasons = {why: without_secrets(why) for why in {c.why for c in results}}  # most are one
    return [replace(c, why=reasons[c.why]) for c in results]


def _in_envelopes(
    engine: DuckDB, choices: list[Choice], sources: tuple[Source, ...], child: Child
) -> list[Choice]:
    """Look into the envelopes in which log stores export records, where no source knows them with
    what is around, for it may use that, or only a general one that reads what any vendor's became.
    Where no source knows what is in them, records are counted one by one.
    """
    places = [
        n
        for n, c in enumerate(choices)
        if c.envelope and (c.source is None or c.source.rank >= GENERAL)
    ]
    files = [replace(choices[n].file, envelope=choices[n].envelope) for n in places]
    for n, (choice, is_sure) in zip(
        places, _look(engine, files, sources, SAMPLE, child), strict=True
    ):
        if choices[n].source and not (is_sure and choice.source):
            continue
        envelope = choice.file.envelope
        if choice.source or is_certain(envelope):
            why = tell("{why}, in {envelope}", why=choice.why, envelope=Sentence(envelope))
            choices[n] = replace(choice, why=why, pages=choices[n].pages)
    return choices


def _in_wrappers(
    engine: DuckDB, unknown: list[Choice], sources: tuple[Source, ...], child: Child
) -> dict[str, list[Choice]]:
    """Try each list under a document's own keys as a file of its own, because exporters wrap
    records in different ways.

    Return the choices by file, for files with a recognised list or with too many lists. The other
    lists of such a file are named as unknown.
    """
    parts: list[InputFile] = []
    file_names: list[str] = []
    pages = {c.file.name: c.pages for c in unknown}
    by_file: dict[str, list[Choice]] = defaultdict(list)
    for file in [c.file for c in unknown]:
        keys = _lists(engine, file)
        if len(keys) > MAX_LISTS:
            by_file[file.name].append(Choice(file, None, "", _too_many_lists(len(keys))))
            continue
        file_names += [file.name] * len(keys)
        names = [file.name] if len(keys) == 1 else [f"{file.name}!{k}" for k in keys]
        parts += [replace(file, name=n, part=k) for n, k in zip(names, keys, strict=True)]
    for name, (choice, _) in zip(
        file_names, _look(engine, parts, sources, SAMPLE, child), strict=True
    ):
        why = tell("{why}, in the list {part}", why=choice.why, part=choice.file.part)
        by_file[name].append(replace(choice, why=why, pages=pages[name]))
    return {
        name: file_choices
        for name, file_choices in by_file.items()
        if any(c.source or not c.file.part for c in file_choices)
    }


def _too_many_lists(count: int) -> Sentence:
    return tell(
        "JSON that no source recognises as a whole, with {n:,} lists under separate keys. None was"
        " tried, as {most:,} is the limit. Give their records as one list or as JSON lines, with"
        " the key in a field",
        n=count,
        most=MAX_LISTS,
    )


def _lists(engine: DuckDB, file: InputFile) -> list[str]:
    """The keys of a JSON document that hold a list of objects."""
    values = [
        d.value for d in itertools.islice(documents(file, engine), 2) if isinstance(d, Document)
    ]
    return lists_in(values[0]) if len(values) == 1 else []


def lists_in(document: Any) -> list[str]:
    """Return the keys of a document that hold a list of objects.

    Where a query's answer names its columns beside its rows, only the rows are records.
    """
    keys = [
        k
        for k, v in (document.items() if isinstance(document, dict) else ())
        if isinstance(v, list) and v and isinstance(v[0], dict) and len(k) < 300
    ]
    is_answer = {"columns", "rows"} == {*keys} and all(
        isinstance(c, dict) and {"name", "data_type"} <= c.keys() for c in document["columns"]
    )
    return ["rows"] if is_answer else keys


def _look(
    engine: DuckDB,
    files: list[InputFile],
    sources: tuple[Source, ...],
    limit: int,
    child: Child,
    by_beginnings: bool = False,
    workers: Processes | None = None,
) -> list[tuple[Choice, bool]]:
    """Choose a source from the first `limit` records of each file; say whether all of them
    agree.
    """
    paths = sorted({p for s in sources for p in s.records})
    sampled = sample(engine, files, paths, limit, by_beginnings, workers)
    kinds = list(sampled.kinds.values())
    spool = foreign_sources.folder(engine) / "sample.ndjson"
    hits: Counter[tuple[int, str, str]] = Counter()
    for chunk in _chunks(kinds):
        spool.write_text("".join(chunk), encoding="utf-8")
        engine.run(
            "CREATE OR REPLACE TEMP TABLE sampled AS SELECT * FROM"
            f" {foreign_sources.read_spool(spool, foreign_sources.SAMPLED)}"
        )
        own_votes = _votes(engine, [s for s in sources if not s.foreign])
        for source in sources:
            kind_numbers = (
                foreign_sources.vote(child, source, spool)
                if source.foreign
                else own_votes[source.id]
            )
            for kind in kind_numbers:
                for index, count in kinds[kind].files.items():
                    hits[index, source.id, kinds[kind].path] += count
        engine.run("DROP TABLE sampled")
    by_id = {s.id: s for s in sources}
    votes: dict[int, list[tuple[float, int, str, Source, str]]] = defaultdict(list)
    for (index, name, path), count in hits.items():
        share = count / sampled.looked_at[index, path]
        votes[index].append((share, -by_id[name].rank, name, by_id[name], path))
    return [
        (
            replace(
                _choose(f, votes[i], sampled.counts[i]),
                seen=sampled.seen[i],
                envelope=sampled.envelopes[i],
                pages=sampled.pages[i],
            ),
            any(share == 1 for share, *_ in votes[i]),
        )
        for i, f in enumerate(files)
    ]


def _chunks(kinds: list[Kind]) -> Iterator[list[str]]:
    """Split sampled records so that the engine holds few at a time: each JSON function keeps a
    copy.
    """
    chunk: list[str] = []
    size = 0
    for number, kind in enumerate(kinds):
        line = f'{{"k":{number},"p":{json.dumps(kind.path)},"r":{kind.text}}}\n'
        if chunk and size + len(line) > CHUNK:
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += len(line)
    if chunk:
        yield chunk


def _votes(engine: DuckDB, sources: list[Source]) -> dict[str, list[int]]:
    """Return the kinds of record that each source takes: in one query, as most of the time goes
    into reading the fields of a record.
    """
    extractions, conditions = extracted_once(*(s.when for s in sources))
    marks = "".join(
        f", CASE WHEN p IN ({_paths(source)}) THEN CASE WHEN ({condition}) THEN '{n} ' END END"
        for n, (source, condition) in enumerate(zip(sources, conditions, strict=True))
    )
    try:
        rows = engine.rows(
            f"SELECT k, concat(''{marks}) FROM (SELECT k, p, r{extractions} FROM sampled) AS x"
            " ORDER BY k"
        )
    except Error:  # which source it was of, it alone tells
        return {source.id: _vote(engine, source) for source in sources}
    kinds: dict[str, list[int]] = {source.id: [] for source in sources}
    for kind, takers in rows:
        for number in takers.split():
            kinds[sources[int(number)].id].append(kind)
    return kinds


def _vote(engine: DuckDB, source: Source) -> list[int]:
    """Return the kinds of record that a source takes."""
    try:
        rows = engine.rows(
            f"SELECT k FROM sampled WHERE CASE WHEN p IN ({_paths(source)}) THEN ({source.when})"
            " END ORDER BY k"
        )
        return [kind for (kind,) in rows]
    except Error as error:
        raise ContentError(
            f"'when' cannot run: {str(error).splitlines()[0]}", source.place
        ) from error


def _paths(source: Source) -> str:
    return ", ".join(map(quoted, source.records))


def _choose(
    file: InputFile, votes: list[tuple[float, int, str, Source, str]], count: int
) -> Choice:
    ranking = [
        v
        for v in sorted(votes, key=lambda v: (-v[0], -v[1], v[2], v[4]))
        if v[0] >= _least(file, v[3])
    ]
    if ranking:
        share, _, _, source, path = ranking[0]
        ties = [v[2] for v in ranking[1:] if v[0] == share and v[2] != source.id]
        why = [_share(share, source)]
        if ties:
            why.append(tell("as well as {sources}, which rank below", sources=tuple(ties)))
        other_paths = sorted(
            {v[4] for v in votes if v[2] == source.id and v[0] > 0 and v[4]} - {path}
        )
        if other_paths and path:
            why.append(tell("its records at {paths} are not read", paths=tuple(other_paths)))
        alternatives = tuple((v[3], v[4], _share(v[0], v[3])) for v in ranking[1:])
        return Choice(file, source, path, joined(*why), alternatives)
    return Choice(file, None, "", _unrecognised(file, count))


def _unrecognised(file: InputFile, count: int) -> Sentence:
    """Say why no source takes a file of so many records."""
    if file.format in ("empty", "unknown") and file.why:
        return file.why
    if file.format == "empty":
        return tell("the file is empty")
    if not count:
        return tell("none of its records can be read as {format}", format=file.format)
    return tell(
        "{format} that no source recognises; if it is a register or a log, `{command}` proposes"
        " what its columns mean",
        format=file.format,
        command=_map(file),
    )


def _least(file: InputFile, source: Source) -> float:
    """The share from which a source takes a file: lower for logs, into which pipelines mix other
    lines, than for registers.
    """
    return LEAST_OF_A_STREAM if file.format == "jsonl" or source.is_log else LEAST


def _share(share: float, source: Source) -> Sentence:
    return tell(
        "{percent}% of the first records are {source}",
        percent=int(f"{share:.0%}"[:-1]),
        source=source.title,
    )


def _map(file: InputFile) -> str:
    """The command that maps a file."""
    command = f"reporter map {shlex.quote(file.name.removesuffix(f'!{file.part}'))}"
    return (
        f"{command} --sheet {shlex.quote(file.part)}"
        if file.part and file.format in BOOKS
        else command
    )
