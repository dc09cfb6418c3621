"""Runs kept beside the converted files, so that what was assessed before is not assessed again. In:
everything that shapes a run. Out: the run made of the same, if it is still kept.

A kept run is a copy, checked file by file against its manifest before it is used. It is named by a
hash over the input, the settings, the program, what it depends on, and all options.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from reporter.content.workspace import Workspace
from reporter.errors import ReporterError
from reporter.ingest.cache import Cache
from reporter.ingest.readers.files import display_path, is_litter, is_reached, real
from reporter.ingest.readers.inputs import Inputs
from reporter.report import WRITERS
from reporter.report.export import Wanted
from reporter.runs.store import MANIFEST, RESULTS
from reporter.system.claims import claimed
from reporter.system.folders import content_dir, locale_dir
from reporter.system.hashes import sha256

FOLDER, ENTRY = "runs", "kept.json"
MOST = 4
"""Runs that are kept; the one that was used longest ago goes first."""
_DEPENDENCIES = (
    *("babel", "duckdb", "jinja2", "msgspec", "openpyxl", "pikepdf", "pillow", "pyyaml"),
    *("lxml", "sqlglot", "tinyhtml5", "typst", "weasyprint", "xlrd", "xlsxwriter"),
    *("fonttools", "pydyf"),
)
_SHAPING = (
    *("memory", "pseudonymise", "limits", "key", "language", "keep_tables", "engine"),
    "events",
)
"""Options whose value shapes a run; all others shape none, or what they name is asked."""
LARGE = 1 << 20
"""Bytes from which a file that lies beside the input is told by its stamp, and not by content."""


def shape_of(
    workspace: Workspace,
    inputs: Inputs,
    cache: Cache,
    out: Path,
    options: Any,
    wanted: Wanted,
    tell: Callable[[Path], object] | None = None,
) -> str:
    """Return all that shapes a run but the content of its input; '' where nobody can tell.

    Formats of others are programs, and their content and templates may hit a limit of time. `tell`
    says what tells a file of the program from others: without it, its time stamps.
    """
    if options.extra or options.packs or wanted.templates or not {*wanted.formats} <= {*WRITERS}:
        return ""
    own = (real(cache.folder), real(out.parent))
    read = {real(f.path) for f in inputs.files}
    places = (Path(__file__).parents[1], content_dir()[0], locale_dir().parent)
    parts = [
        ("program", program(places, tell)),
        # As it was read, with its logo, wherever that lies.
        ("settings", repr(replace(workspace, folder=real(workspace.folder)))),
        (
            "beside",
            [(n, _content(p)) for n, p in _below(workspace.folder, own) if real(p) not in read],
        ),
        ("earlier", [(str(real(p)), *_manifests(p)) for p in options.earlier]),
        ("formats", sorted({*wanted.formats})),
        ("options", [(n, repr(getattr(options, n))) for n in _SHAPING]),
    ]
    return json.dumps(parts, default=str)


def name_of(shape: str, inputs: Inputs) -> str:
    """Return the name of a run of a shape; '' where a file may have changed while it was read."""
    digests = [inputs.digest(f) for f in inputs.files]
    if not shape or not all(d.is_whole for d in digests):
        return ""
    files = [(f.name, d.sha256) for f, d in zip(inputs.files, digests, strict=True)]
    parts: list[Any] = [shape, files]
    if inputs.remote:  # a run says which state of which object it read
        parts += [[repr(f.origin) for f in inputs.files], repr(inputs.remote)]
    text = json.dumps(parts)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def find(cache: Cache, shape: str, inputs: Inputs, part: Path) -> bool:
    """Copy the run of a shape and input to an empty folder; return whether it is kept, undamaged.

    Where none is kept, the input is not waited for: it is hashed while the program loads.
    """
    if not os.path.lexists(cache.folder / FOLDER) or not (name := name_of(shape, inputs)):
        return False
    folder = cache.folder / FOLDER / name
    if not os.path.lexists(folder):
        return False
    try:
        for file in _checked(folder, name):
            (part / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / file, part / file)
        os.utime(folder / ENTRY)
        return True
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        cache.warn(f"{display_path(str(folder))}: damaged ({error}); it is assessed again")
    shutil.rmtree(folder, ignore_errors=True)
    for path in part.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return False


def _checked(folder: Path, name: str) -> list[str]:
    """Return the files of a kept run, its entry left out.

    Raises ValueError, TypeError, KeyError or AttributeError where it is not what was kept. Nothing
    is opened that is not a regular file, and no name is believed that does not stand in the folder.
    """
    files = {}
    for at, _, names in os.walk(folder):
        for file in (Path(at) / n for n in names):
            if not stat.S_ISREG(file.lstat().st_mode):
                raise ValueError(f"{file.name} is not a regular file")
            files[file.relative_to(folder).as_posix()] = file
    if not {ENTRY, MANIFEST} <= files.keys():
        raise ValueError("its entry or its manifest is missing")
    entry = json.loads(files.pop(ENTRY).read_bytes())
    if entry != {"name": name, MANIFEST: sha256(files[MANIFEST])}:
        raise ValueError("its entry is of another run")
    outputs = json.loads(files[MANIFEST].read_bytes())["outputs"]
    if files.keys() != {*outputs, MANIFEST}:
        raise ValueError("it has other files than its manifest names")
    for file_name, told in outputs.items():
        if sha256(files[file_name]) != told["sha256"]:
            raise ValueError(f"{file_name} is not what was kept")
    return sorted(files)


def keep(cache: Cache, shape: str, inputs: Inputs, part: Path) -> None:
    """Keep a finished run; a full disk only costs the copy."""
    place = cache.folder / FOLDER
    if not (name := name_of(shape, inputs)) or (place / name).exists():
        return

    def copy(folder: Path) -> None:
        shutil.copytree(part, folder, copy_function=shutil.copyfile, dirs_exist_ok=True)
        entry = {"name": name, MANIFEST: sha256(folder / MANIFEST)}
        (folder / ENTRY).write_text(json.dumps(entry), encoding="utf-8")

    try:
        put(place, name, copy, MOST)
    except (OSError, ReporterError) as error:
        # Of a copy of many files the error is a list of all of them.
        why = error.args[0][0][2] if isinstance(error, shutil.Error) else error
        cache.warn(
            f"{display_path(str(place))}: the run is written, but not kept for the next time: {why}"
        )


def put(place: Path, name: str, fill: Callable[[Path], None], most: int) -> None:
    """Have a folder with an entry filled, and put it in place of what is there; those used longest
    ago go where there are more than `most`.

    Raises OSError or ReporterError where that cannot be done.
    """
    place.mkdir(mode=0o700, exist_ok=True)
    with claimed(place.parent / f".{name}.part") as aside:
        folder = aside / name
        folder.mkdir()
        fill(folder)
        shutil.rmtree(place / name, ignore_errors=True)
        folder.rename(place / name)
    for old in sorted(place.iterdir(), key=_used_at, reverse=True)[most:]:
        shutil.rmtree(old)


def _used_at(folder: Path) -> int:
    try:
        return (folder / ENTRY).stat().st_mtime_ns
    except OSError:
        return 0


def program(places: Iterable[Path], tell: Callable[[Path], object] | None = None) -> list[Any]:
    """Return what tells this program from others: its files in some places, Python, what it depends
    on. `tell` as in `shape_of`.
    """
    versions = []
    for name in _DEPENDENCIES:
        try:
            versions.append((name, version(name)))
        except PackageNotFoundError:
            versions.append((name, ""))
    files = [(n, (tell or _stamp)(p)) for place in places for n, p in _below(place, ())]
    return [platform.python_version(), versions, files]


def _manifests(path: Path) -> Iterator[str]:
    """Yield the hashes of the manifests of a run, or of the runs in a folder."""
    for manifest in sorted([*path.glob(MANIFEST), *path.glob(f"*/{MANIFEST}")]):
        yield f"{manifest} {sha256(manifest)}"


def _below(folder: Path, without: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """Yield the files of a folder with their names in it, but for runs and what a run uses."""
    for at, folders, names in os.walk(folder):
        here = Path(at)
        within = "" if here == folder else here.relative_to(folder).as_posix() + "/"
        folders[:] = sorted(
            f
            for f in folders
            if not f.startswith(".")
            and f != "__pycache__"
            and real(here / f) not in without
            and not os.access(here / f / RESULTS, os.F_OK)
        )
        for name in sorted(names):
            if not is_litter(name) and is_reached(here / name):
                yield within + name, here / name


def _content(path: Path) -> str | tuple[int, ...]:
    """Return what tells the content of a file: a copy of it counts as the same."""
    stamp = _stamp(path)
    return sha256(path) if stamp[0] < LARGE else stamp


def _stamp(path: Path) -> tuple[int, ...]:
    """Return what changes with every write, also where somebody sets the time of the file back."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
