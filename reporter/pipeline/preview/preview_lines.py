"""What `reporter check` prints. In: a `Preview`. Out: lines for people, or data for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reporter.ingest.statement_files import OF_A_REPORT
from reporter.model.assessment import Quarantined
from reporter.pipeline.preview.workspace_check import Preview, SeenFile
from reporter.report.view.asks import more_text, rest_text
from reporter.system.plain_text import from_here

SCHEMA = "agent-maturity-check/2"
FILES, LINES, NAMES, ASKS = 40, 10, 6, 5
"""Lines of a list, and names in a line, that people are shown; --json has all."""
_FATES = ("kept", "out_of_scope", "unreadable", "rejected")


def as_text(preview: Preview) -> Iterator[str]:
    """Yield what was found, line by line: files, what is wrong with them, what to bring."""
    read = [f for f in preview.files if f.count.source]
    read_text = f"{_count(len(read), 'file')} of {preview.folder} would be read:"
    yield read_text if read else f"No file of {preview.folder} would be read."
    left = Counter(_book(f) for f in read if f.count.why and f.count.why.text == OF_A_REPORT)
    lines = [_file(f) for f in read if _book(f) not in left or f.count.read]
    yield from _cut(lines, FILES)
    for book, n in left.items():
        yield f"  {book}: {_count(n, 'other sheet')} of an exported report; nothing is read there"
    unread = [f for f in preview.files if not f.count.source]
    yield from _part("Not read, and why:", (f"{f.count.file}: {_why(preview, f)}" for f in unread))
    yield from _part(
        "Perhaps something else; `reporter formats FILE` says more:",
        (f"{f.count.file}: {'; '.join(f.doubts)}" for f in read if f.doubts),
    )
    yield from _part(
        "Duplicates; leave one out:",
        (
            *(f"{' and '.join(names)} are the same" for names in preview.same),
            *(
                f"{o.file}: {o.shared:,} of {o.records:,} records are in {o.other} too"
                for o in preview.overlaps
            ),
        ),
    )
    yield from _part(
        "In remote storage, listed and not read:",
        (
            f"{p.url}: {_count(p.objects, 'object')}, {p.bytes / 1e6:,.1f} MB, as {p.to}/"
            for p in preview.remote
        ),
    )
    yield from _part("Records, fields and columns lost:", _losses(preview))
    yield from _part("Noted, and nothing is lost by it:", _noted(preview))
    yield ""
    yield from _outlook(preview)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _part(title: str, lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield ""
        yield title
        yield from _cut(lines, LINES)


def _cut(lines: Iterable[str], most: int) -> Iterator[str]:
    lines = list(lines)
    yield from (f"  {line}" for line in lines[:most])
    if len(lines) > most:
        yield f"  and {len(lines) - most:,} more (--json lists them)"


def _book(file: SeenFile) -> str:
    return file.count.file.removesuffix(f"!{file.count.part}")


def _file(file: SeenFile) -> str:
    counts = ", ".join(
        f"{n:,} {fate.replace('_', ' ')}"
        for fate in _FATES
        if (n := getattr(file.count, fate)) or fate == "kept"
    )
    text = f"{file.count.file}: {file.title}; {counts}"
    return f"{text}, of pieces of its {file.bytes / 1e6:,.0f} MB" if file.is_part else text


def _why(preview: Preview, file: SeenFile) -> str:
    """Say why a file is not read; a command on it is to be run from here."""
    return from_here(str(file.count.why or ""), Path(preview.folder))


def _losses(preview: Preview) -> Iterator[str]:
    for notes in preview.notes:
        texts = (
            f"{_count(notes.records, 'record')} unreadable or rejected" if notes.records else "",
            f"{_count(notes.fields, 'field')} that could not be read" if notes.fields else "",
        )
        if text := " and ".join(filter(None, texts)):
            yield f"{notes.file}: {text}{_example(notes.first_lost)}"
    for seen in preview.files:
        if names := seen.unread:
            more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
            yield f"{seen.count.file}: nothing reads {', '.join(names[:NAMES])}{more}"


def _noted(preview: Preview) -> Iterator[str]:
    for notes in preview.notes:
        if notes.others:
            yield f"{notes.file}: {_count(notes.others, 'note')}{_example(notes.first_other)}"


def _example(first: Quarantined | None) -> str:
    if not first:
        return ""
    place = f" in line {first.line}" if first.line else ""
    return f"; the first{place} ({first.kind}): {first.reason}"


def _outlook(preview: Preview) -> Iterator[str]:
    """Yield how much could be judged, and what would decide most of the rest."""
    if preview.refusal:
        yield "An assessment would be refused."
        return
    if preview.remote and not preview.results:
        yield "An assessment would run; what could be judged depends on what is fetched."
        return
    judged = preview.results - preview.unknown - preview.untold
    about = "about " if preview.parts else ""
    total = _count(preview.results, "result")
    yield (
        f"An assessment would run: {about}{judged:,} of {total} could be judged,"
        f" {preview.unknown:,} would be unknown."
    )
    if preview.remote:
        yield "What lies in remote storage is not among them."
    if preview.parts:
        yield "Large logs were only sampled, so gaps in them were not looked for."
    if preview.untold:
        yield f"Whether {_count(preview.untold, 'result')} can be judged depends on these gaps."
    to_bring = preview.to_bring
    if to_bring.asks:
        yield "What would decide most of these, if it tells of every agent and all else stays:"
    for rank, ask in enumerate(to_bring.asks[:ASKS], 1):
        more = f"; {more_text(ask)}" if ask.together else ""
        yield f"  {rank}. {ask.what}: decides {_count(ask.alone, 'result')} alone{more}"
        yield f"     {ask.how}"
    if rest := rest_text(to_bring, ASKS):
        yield f"  {rest[:-1]} (--json lists them)"
    if several := to_bring.of_several:
        yield f"  {_count(several, 'result')} need{'s' * (several == 1)} more than one of these"
    if others := to_bring.others:
        is_or_are = "is" if others == 1 else "are"
        yield f"  {_count(others, 'result')} {is_or_are} unknown for reasons that no file settles"


def as_data(preview: Preview) -> dict[str, Any]:
    """Return all of it for machines."""
    return {
        "schema": SCHEMA,
        "workspace": preview.folder,
        "would_run": preview.refusal is None,
        "refused": preview.refusal.message if preview.refusal else None,
        "files": [_data(f) for f in preview.files],
        "same_files": [list(names) for names in preview.same],
        "same_records": [
            {"file": o.file, "other": o.other, "shared": o.shared, "records": o.records}
            for o in preview.overlaps
        ],
        "lost": [
            {"file": n.file, "records": n.records, "fields": n.fields, **_first(n.first_lost)}
            for n in preview.notes
            if n.records or n.fields
        ],
        "noted": [
            {"file": n.file, "n": n.others, **_first(n.first_other)}
            for n in preview.notes
            if n.others
        ],
        "remote": [asdict(place) for place in preview.remote],
        "results": preview.results,
        "unknown": preview.unknown,
        "depends_on_whole_logs": preview.untold,
        "bring": [
            {
                "what": a.what,
                "how": a.how,
                "columns": list(a.columns),
                "alone": a.alone,
                "with": list(a.partners),
                "together": a.together,
                "checks": list(a.checks),
            }
            for a in preview.to_bring.asks
        ],
        "need_several": preview.to_bring.of_several,
        "unknown_for_other_reasons": preview.to_bring.others,
    }


def _first(note: Quarantined | None) -> dict[str, Any]:
    return {"line": note.line, "kind": note.kind, "reason": str(note.reason)} if note else {}


def _data(file: SeenFile) -> dict[str, Any]:
    counts = {name: getattr(file.count, name) for name in ("read", *_FATES)}
    return {
        "file": file.count.file,
        "source": file.count.source or None,
        "why": str(file.count.why or ""),
        "bytes": file.bytes,
        "in_part": file.is_part,
        **counts,
        "doubts": list(file.doubts),
        "unread_columns": list(file.unread),
    }
