"""What can be read, and what a file is taken for. In: sources, paths. Out: text."""

from __future__ import annotations

import tempfile
from pathlib import Path

from reporter import catalog
from reporter.catalog import Source
from reporter.db import Engine
from reporter.errors import InputError
from reporter.ingest.files import InputFile, sniff
from reporter.ingest.recognise import recognise


def known(extra: tuple[Path, ...] = ()) -> str:
    """List every source."""
    sources = _sources(extra)
    lines = [
        "Files are read as JSON, JSON lines, CSV, XLSX, YAML or Parquet, each also gzipped, told by content.",
        "",
    ]
    for source in sources:
        lines.append(f"{source.id:<22} {source.title}; fills {', '.join(source.tables)}")
    return "\n".join(lines)


def recognised(paths: tuple[Path, ...], extra: tuple[Path, ...] = ()) -> str:
    """Say for every file below the paths what it is taken for, and why."""
    files = [f for path in paths for f in _files(path)]
    with tempfile.TemporaryDirectory() as work, Engine(Path(work)) as engine:
        choices = recognise(engine, files, _sources(extra))
    width = max((len(c.file.name) for c in choices), default=0)
    return "\n".join(
        f"{c.file.name.ljust(width)}  {c.source.id if c.source else 'not recognised':<20} {c.why}"
        for c in choices
    )


def _files(path: Path) -> list[InputFile]:
    if not path.exists():
        raise InputError("no such file or folder", str(path))
    if path.is_file():
        return [sniff(path, path.name)]
    found = (p for p in sorted(path.rglob("*")) if p.is_file())
    return [sniff(p, p.relative_to(path).as_posix()) for p in found]


def _sources(extra: tuple[Path, ...]) -> tuple[Source, ...]:
    return catalog.load(extra).sources
