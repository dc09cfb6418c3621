"""What lies in a workspace and is not read. In: a workspace folder. Out: an accounting entry for
each file, with the reason.

Only the folders of `FOLDERS` and mappings/ are read; evidence elsewhere must not be lost silently.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from reporter.content.mapping import FOLDER as MAPPINGS
from reporter.engine.duckdb import DuckDB
from reporter.ingest.detect import recognise
from reporter.ingest.load import as_artefact
from reporter.ingest.readers.files import (
    InputFile,
    display_path,
    is_litter,
    is_reached,
    real,
    sniff,
)
from reporter.ingest.readers.inputs import FOLDERS, Inputs
from reporter.ingest.statement_files import KINDS
from reporter.model.assessment import FileCount
from reporter.model.sentences import Sentence, joined, tell
from reporter.model.source import Source

READ = (*FOLDERS, MAPPINGS)
SETTLED = ("readme", "license", "licence", "changelog", "makefile", "notes")
"""Files at the root that are no evidence, by the beginning of their names."""
OF_A_RUN = "results.parquet"
MOST = 200
"""Files listed for one folder; the rest of it is one entry."""
GUESSED = 20
"""Files whose content is read to suggest where they belong."""


def beside(
    engine: DuckDB, workspace: Path, sources: tuple[Source, ...], run_paths: Iterable[Path] = ()
) -> list[FileCount]:
    """Name the files of a workspace that are not read; `run_paths` are paths that the run itself
    uses.
    """
    used_paths = {real(p) for p in run_paths}
    paths_by_place: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(workspace.iterdir()):
        if path.is_file() and not _is_settled(path.name, used_paths, path):
            paths_by_place[""].append(path)
        elif path.name == MAPPINGS and path.is_dir():
            paths_by_place[f"{MAPPINGS}/"] += [
                p for p in _below(path) if p.suffix != ".yml" or p.parent != path
            ]
        elif path.is_dir() and not _is_read(path) and not _is_other(path, used_paths):
            paths_by_place[f"{display_path(path.name)}/"] += islice(_below(path), MOST + 1)
    files = {
        place: [sniff(p, display_path(p.relative_to(workspace).as_posix())) for p in paths[:MOST]]
        for place, paths in paths_by_place.items()
    }
    looked_at = [f for group in files.values() for f in group][:GUESSED]
    homes = _homes(engine, looked_at, sources)
    return [
        count
        for place, group in files.items()
        for count in _entries(place, group, len(paths_by_place[place]) > MOST, homes)
    ]


def _is_read(folder: Path) -> bool:
    """Tell whether a folder is read; a file system may treat Logs as logs."""
    twin = folder.with_name(folder.name.lower())
    return folder.name in READ or (twin.name in READ and twin.exists() and twin.samefile(folder))


def _is_settled(name: str, used_paths: set[Path], path: Path) -> bool:
    is_hidden = name.startswith(".") and not name.endswith("mcp.json")
    return (
        is_hidden or is_litter(name) or name.lower().startswith(SETTLED) or real(path) in used_paths
    )


def _is_other(folder: Path, used_paths: set[Path]) -> bool:
    """Tell whether a folder belongs to a tool, holds runs, or is used by the run."""
    runs = (
        [folder, *(p for p in folder.iterdir() if p.is_dir())]
        if os.access(folder, os.R_OK | os.X_OK)
        else []
    )
    path = real(folder)
    return (
        folder.name.startswith(".")
        or is_litter(folder.name)
        or any(os.access(r / OF_A_RUN, os.F_OK) for r in runs)
        or any(path == o or path in o.parents for o in used_paths)
    )


def _below(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, without following links, and the folders in it that cannot be
    opened.
    """
    errors: list[OSError] = []
    for at, folders, names in os.walk(folder, onerror=errors.append):
        folders[:] = sorted(f for f in folders if not is_litter(f) and not f.startswith("."))
        yield from (
            Path(at) / n for n in sorted(names) if not is_litter(n) and is_reached(Path(at) / n)
        )
    yield from (Path(e.filename) for e in errors)


def _homes(engine: DuckDB, files: list[InputFile], sources: tuple[Source, ...]) -> dict[str, str]:
    """Return the folder in which each file would be read, where its name or content tells."""
    homes = {f.name: "statements" for f in files if Path(f.name).name.split(".")[0] in KINDS}
    readable = [f for f in files if f.format not in ("unknown", "empty")]
    with Inputs(readable) as inputs:
        for choice in recognise(engine, inputs.files, sources):
            if choice.source:
                home = "logs" if choice.source.is_log else "inventory"
                homes.setdefault(
                    display_path(choice.file.path.relative_to(_root(choice.file)).as_posix()), home
                )
    return homes


def _root(file: InputFile) -> Path:
    """The workspace of a file: its path without its name."""
    name = file.name.removesuffix(f"!{file.part}") if file.part else file.name
    return file.path.parents[len(Path(name).parts) - 1]


def _entries(
    place: str, files: list[InputFile], has_more: bool, homes: dict[str, str]
) -> Iterator[FileCount]:
    """Yield an entry a file, and one for the rest of a folder that holds too many."""
    is_guessable = place != f"{MAPPINGS}/"
    likely_home = next((homes[f.name] for f in files if f.name in homes), "") if place else ""
    folders = tell(
        "{folders} and {last} are", folders=tuple(f"{f}/" for f in READ[:-1]), last=f"{READ[-1]}/"
    )
    for file in files:
        home = (_meant(file.name) if is_guessable else "") or homes.get(file.name, likely_home)
        why = _elsewhere(place, folders)
        if file.is_archive:
            why = joined(why, _packed(home))
        elif home:
            why = joined(why, tell("did you mean {folder}?", folder=f"{home}/"))
        if place == f"{MAPPINGS}/":
            why = tell("not read: a mapping is a file named mappings/*.yml")
        if file.is_document and file.why:
            why = as_artefact(file.why, file.name, "")
        if not file.stamp and file.why:
            why = file.why
        yield _count(file, why)
    if has_more:
        remainder = replace(files[0], name=f"{place}…", size=0)
        yield _count(remainder, tell("further files, not read: only {read}", read=folders))


def _elsewhere(place: str, folders: Sentence) -> Sentence:
    """Say that a file lies where nothing is read; `folders` says where files are read."""
    if place:
        return tell("not read: it is in {place}, and only {read}", place=place, read=folders)
    return tell("not read: it is at the root of the workspace, and only {read}", read=folders)


def _packed(home: str) -> Sentence:
    """Say where the files of an archive belong."""
    if home:
        return tell(
            "a zip archive that is not a workbook; unpack it first, its files into {folder}",
            folder=f"{home}/",
        )
    return tell(
        "a zip archive that is not a workbook; unpack it first, its files into those folders"
    )


def _meant(name: str) -> str:
    """Return the folder that a part of the path resembles, the first part first: Logs/, 2026/logs/,
    inventory-old/.
    """
    for part in Path(name).parts[:-1]:
        for word in (part.lower(), *re.findall(r"[a-z]+", part.lower())):
            if close := get_close_matches(word, READ, 1, 0.75):
                return str(close[0])
    return ""


def _count(file: InputFile, why: Sentence) -> FileCount:
    return FileCount(file.name, "", why, file.size, "", 0, 0, 0, 0, 0)
