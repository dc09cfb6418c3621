"""What can be read, how files are recognised, and what a source makes of one. In: sources, paths.
Out: text, or one object per file.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Container, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from reporter.content import loader
from reporter.content.loader import Content
from reporter.content.mapping import with_mappings
from reporter.content.packs import Pack, naming
from reporter.content.workspace import NAME, workspace_of
from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError
from reporter.evaluate.evidence import UNDECIDING, Needs
from reporter.evaluate.runner import columns_read, needs_of
from reporter.ingest.load import ingested
from reporter.ingest.readers.files import InputFile, discover, display_path, opened, sniff
from reporter.ingest.readers.inputs import FOLDERS
from reporter.model.source import Source
from reporter.schema.tables import EVENT_TABLES, LOADED, TABLES, columns_of

SHOWN_MISSING, SHOWN_NOTES, SHOWN_ROWS = 6, 3, 3
BEGINNING = 1 << 20
"""Bytes of a large file of which the first rows are shown."""


def list_sources(extra: tuple[Path, ...] = (), packs: tuple[Pack, ...] = ()) -> str:
    """List every source, and the packs that are installed."""
    sources = _content(extra, packs).sources
    width = max(len(s.id) for s in sources)
    lines = [
        (
            "Files are read as JSON, JSON lines, CSV, XLSX, YAML, Markdown with front matter,"
            " Parquet or XML, each also gzipped or in a zip archive, recognised by content."
        ),
        "",
    ]
    for source in sources:
        lines.append(f"{source.id.ljust(width)}  {source.title}; fills {', '.join(source.tables)}")
    lines += [""] if packs else []
    lines += [f"pack {p}, of package {p.package}: {p.folder}" for p in packs]
    return "\n".join(lines)


def recognised(
    paths: tuple[Path, ...], extra: tuple[Path, ...] = (), packs: tuple[Pack, ...] = ()
) -> list[dict[str, Any]]:
    """Read every file below the paths, with the mappings of their workspaces, and say what became
    of it.

    An object per file: file, source (None when not recognised), why, records = kept + out_of_scope
    + unreadable + rejected, tables (rows by table), missing (columns of those tables that no record
    of the file fills), notes (what was not taken as it stands, with its line), out_of_scope_kinds
    (how often what, in all files of its source). A file of several sheets or lists also has
    `parts`, an object each.
    """
    sources = _content(extra, packs).sources
    files = [f for path in paths for f in _files(path)]
    for workspace in sorted({w for p in paths if (w := workspace_of(p))}):
        sources = with_mappings(sources, workspace)
    with naming(packs), ingested(files, sources) as (engine, intake):
        rows_by_table = {t.name: _rows_by_file(engine, t.name) for t in LOADED}
    kinds: dict[str, dict[str, int]] = defaultdict(dict)
    for source, kind, n in intake.out_of_scope:
        kinds[source][str(kind)] = n
    notes: dict[str, list[str]] = defaultdict(list)
    for q in sorted(intake.quarantined, key=lambda q: q.kind == "field"):
        notes[q.file].append(f"line {q.line}, {q.kind}: {q.reason}")
    parts = [
        {
            "file": f.file,
            "source": f.source or None,
            "why": str(f.why),
            "records": f.read,
            "kept": f.kept,
            "out_of_scope": f.out_of_scope,
            "unreadable": f.unreadable,
            "rejected": f.rejected,
            "tables": {t: rows[f.file][0] for t, rows in rows_by_table.items() if f.file in rows},
            "missing": [
                c for rows in rows_by_table.values() if f.file in rows for c in rows[f.file][1]
            ],
            "notes": notes.get(f.file, []) if f.source else [],
            "out_of_scope_kinds": kinds[f.source] if f.out_of_scope else {},
        }
        for f in intake.files
    ]
    return _by_file(parts, [f.name for f in files])


def needs_by_check(content: Content) -> dict[str, Needs]:
    """Return what each check cannot do without. One that needs no more than to know of whom a row
    is also needs one of the columns that it reads.
    """
    needs = {}
    for check in content.checks:
        compiled = loader.compiled_of(check)
        columns = {f"{t}.{c}" for t, c in needs_of(check, compiled)}
        if compiled.tables & EVENT_TABLES:
            columns.add("events")
        is_bare = columns <= {f"actors.{name}" for name in UNDECIDING}
        any_of = columns_read(check, compiled) if is_bare else frozenset()
        needs[check.id] = Needs(frozenset(columns), any_of)
    return needs


def reads_by_check(content: Content) -> dict[str, frozenset[str]]:
    """Return `columns_read` of each check."""
    return {c.id: columns_read(c, loader.compiled_of(c)) for c in content.checks}


def sources_that_read(
    path: Path, sheet: str = "", packs: tuple[Pack, ...] = (), as_log: bool = False
) -> tuple[str, ...]:
    """Say which sources already read a file, a line per part; nothing where a part of it is not
    read.

    Raises InputError with these lines where it is to be mapped as a log all the same.
    """
    if not path.is_file():
        return ()
    parts = [p for f in recognised((path,), packs=packs) for p in f.get("parts", [f])]
    selection = [p for p in parts if not sheet or p["file"].endswith(f"!{sheet}")]
    if not selection or any(p["source"] is None for p in selection):
        return ()
    lines = [
        f"{p['file']} is read as {p['source']}: {p['why']}. Of {p['records']} records {p['kept']}"
        " are kept. Nothing is written"
        for p in selection
    ]
    if as_log:
        raise InputError(
            "; ".join(lines), str(path), "A log that a source reads is not mapped as another."
        )
    return tuple(
        f"{line}{'.' if {*p['tables']} == {'events'} else '; --kind maps it all the same.'}"
        for line, p in zip(lines, selection, strict=True)
    )


def _by_file(parts: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    """Group the sheets of a workbook and the lists of a document: they are `parts` of one
    object.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        file_name = part["file"] if part["file"] in names else part["file"].rsplit("!", 1)[0]
        groups.setdefault(file_name, []).append(part)
    return [
        members[0] if members[0]["file"] == name else _together(name, members)
        for name, members in groups.items()
    ]


def _together(name: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Sum the parts of one file; its source is the one that kept most."""
    largest = max(parts, key=lambda p: (p["source"] is not None, p["kept"]))
    tables: Counter[str] = Counter()
    for part in parts:
        tables.update(part["tables"])
    return {
        "file": name,
        "source": largest["source"],
        "why": "; ".join(dict.fromkeys(p["why"] for p in parts)),
        **{
            k: sum(p[k] for p in parts)
            for k in ("records", "kept", "out_of_scope", "unreadable", "rejected")
        },
        "tables": dict(tables),
        "missing": sorted({c for p in parts for c in p["missing"]}),
        "notes": [n for p in parts for n in p["notes"]],
        "out_of_scope_kinds": largest["out_of_scope_kinds"],
        "parts": parts,
    }


def _rows_by_file(engine: DuckDB, table: str) -> dict[str, tuple[int, list[str]]]:
    """Return by file its number of rows in a table, and the columns checks rely on that none of
    them fills.
    """
    sparse = {c.name for c in TABLES[table].columns if c.sparse}
    names = [n for n, _ in columns_of(TABLES[table]) if n not in sparse]
    counts = ", ".join(f"count({n})" for n in names)
    return {
        file: (n, [f"{table}.{c}" for c, k in zip(names, seen, strict=True) if not k])
        for file, n, *seen in engine.rows(
            f"SELECT file, count(*), {counts} FROM in_{table} GROUP BY file ORDER BY file"
        )
    }


def as_text(files: list[dict[str, Any]]) -> str:
    """Format what `recognised` returns for people."""
    parts = [p for f in files for p in f.get("parts", [f])]
    kinds = {p["source"]: p["out_of_scope_kinds"] for p in parts if p["out_of_scope_kinds"]}
    lines = [line for p in parts for line in _lines(p)]
    lines += [f"out of scope of {name}: {_listed(kinds[name])}" for name in sorted(kinds)]
    return "\n".join(lines) or "no files there"


def _listed(kinds: dict[str, int]) -> str:
    shown = [f"{kind} ({n})" for kind, n in [*kinds.items()][:SHOWN_MISSING]]
    rest_count = len(kinds) - SHOWN_MISSING
    return ", ".join(shown) + (
        f" and {rest_count} more (--json lists them)" if rest_count > 0 else ""
    )


def _lines(entry: dict[str, Any]) -> list[str]:
    fates = [
        "records",
        "kept",
        *(k for k in ("out_of_scope", "unreadable", "rejected") if entry[k]),
    ]
    counts = ", ".join(f"{entry[k]} {k.replace('_', ' ')}" for k in fates)
    rows = ", ".join(f"{n} {t}" for t, n in entry["tables"].items())
    lines = [
        f"{entry['file']}: {entry['source'] or 'not recognised'}",
        f"    {entry['why']}",
        f"    {counts}{'; rows: ' if rows else ''}{rows}",
    ]
    lines += [f"    {n}" for n in entry["notes"][:SHOWN_NOTES]]
    if len(entry["notes"]) > SHOWN_NOTES:
        lines.append(f"    and {len(entry['notes']) - SHOWN_NOTES} notes more (--json lists them)")
    if entry["missing"]:
        rest_count = len(entry["missing"]) - SHOWN_MISSING
        columns = ", ".join(entry["missing"][:SHOWN_MISSING])
        lines.append(
            f"    never says"
            f" {columns}{f' and {rest_count} more (--json lists them)' if rest_count > 0 else ''}"
        )
    return lines


def _files(path: Path) -> list[InputFile]:
    """Return the files below a path, named as they are reached from the current folder."""
    if not path.exists():
        raise InputError("no such file or folder", str(path))
    if path.is_file():
        return [sniff(path, display_path(path.as_posix()))]
    folders = FOLDERS if (path / NAME).is_file() else ("",)
    return [
        replace(f, name=(Path(display_path(str(path))) / f.name).as_posix())
        for f in discover(path, folders)
    ]


def _content(extra: tuple[Path, ...], packs: tuple[Pack, ...]) -> Content:
    return loader.load(extra, packs)


def try_source(
    name: str, path: Path, extra: tuple[Path, ...] = (), packs: tuple[Pack, ...] = ()
) -> Iterator[str]:
    """Yield lines: the accounting of each part of the file, its rows as JSON by table, and what was
    not taken.

    Raises InputError where there is no such file or source.
    """
    if not path.is_file():
        raise InputError("no such file", str(path))
    source = _source(name, extra, packs)
    with ingested([sniff(path, path.name)], (source,)) as (engine, intake):
        for file in intake.files:
            yield (
                f"{file.file}: {file.why}; {file.read} records = {file.kept} kept +"
                f" {file.out_of_scope} out of scope + {file.unreadable} unreadable +"
                f" {file.rejected} rejected"
            )
        for table in LOADED:
            yield from _rows(engine, table.name, [n for n, _ in columns_of(table)])
        for _, kind, count in intake.out_of_scope:
            yield f"out of scope: {kind} ({count})"
        for note in intake.quarantined:
            yield f"{note.kind}: record {note.line}: {note.reason}"


def first_rows(path: Path, part: str, source: Source) -> list[str]:
    """Return the first rows of each table that a source makes of a file, or of its sheet or list of
    that name, as `assess` will see them; of a large file its beginning is looked at.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = _beginning(sniff(path, path.name), Path(folder))
        with ingested([file], (source,)) as (engine, intake):
            parts = [f for f in intake.files if f.source]
            parts = [f for f in parts if f.file.endswith(f"!{part}")] or parts
            names = {f.file for f in parts}
            lines: list[str] = []
            for table in LOADED:
                columns = [n for n, _ in columns_of(table)]
                lines += _rows(engine, table.name, columns, SHOWN_ROWS, names)
            notes = [q for q in intake.quarantined if q.kind != "field" and q.file in names]
    read, kept = sum(f.read for f in parts), sum(f.kept for f in parts)
    head = f"as `assess` will see it: of {read} records {kept} are kept"
    return [
        head,
        *lines,
        *(f"  line {q.line}, {q.kind}: {q.reason}" for q in notes[:SHOWN_NOTES]),
    ]


def _beginning(file: InputFile, folder: Path) -> InputFile:
    """Return the first lines of a large file of lines, as a file of that name."""
    if file.size <= BEGINNING or file.format not in ("csv", "jsonl"):
        return file
    path = folder / file.path.name
    with opened(file) as lines:
        head = lines.read(BEGINNING)
    path.write_bytes(head[: head.rfind(b"\n") + 1])
    return sniff(path, file.name)


def _rows(
    engine: DuckDB, table: str, columns: list[str], most: int = 0, files: Container[str] = ()
) -> Iterator[str]:
    """Yield the rows of a table as JSON, all of them or the first of some files."""
    names = ["record", *columns]
    found = engine.rows(f"SELECT file, {', '.join(names)} FROM in_{table} ORDER BY ALL")
    rows = [row for file, *row in found if not most or file in files]
    if rows:
        yield f"{table}: {len(rows)} rows{', the first of them:' if 0 < most < len(rows) else ''}"
    for row in rows[: most or None]:
        values = {n: v for n, v in zip(names, row, strict=True) if v is not None}
        yield "  " + json.dumps(values, ensure_ascii=False, default=lambda t: t.isoformat())


def _source(name: str, extra: tuple[Path, ...], packs: tuple[Pack, ...]) -> Source:
    """Return a source by its file, or by its id among ours and those of --extra and packs."""
    if Path(name).is_file():
        return loader.foreign_source(Path(name))
    sources = {s.id: s for s in loader.load(extra, packs).sources}
    if name not in sources:
        raise InputError(
            f"no source {name!r}, and no such file", name, f"Known: {', '.join(sorted(sources))}."
        )
    return sources[name]
