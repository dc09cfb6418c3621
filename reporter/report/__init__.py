"""Formats by name, and their writers: each takes the view and the path to write.

The folder `formats` is the list of ours, `installed` finds those of others. Nothing heavy is
imported before it is used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reporter.i18n.translate import speaking

if TYPE_CHECKING:
    from reporter.report.document import View


class Writer(Protocol):
    """Writes a view to a path; what else it may be given is in the function behind it."""

    def __call__(self, view: View, path: Path, /, **more: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Format:
    """What a run can be written as; a module of the folder `formats` says it as its FORMAT."""

    name: str
    """As in --formats; that of the module too."""
    file: str
    """Of the run, or the name of a folder."""
    write: Callable[..., None]
    """Takes the view and the path."""
    editions: bool = False
    """`write` takes `edition`, too."""
    data: bool = False
    """`write` takes `data`, too: report.json and results.parquet of the run, and the lists beside
    them.
    """


def late(module: str, function: str = "write") -> Callable[..., None]:
    """Return a function of a module that is imported when it is called."""

    def write(*args: Any, **options: Any) -> None:
        getattr(import_module(module), function)(*args, **options)

    return write


EDITIONS = ("auditor", "board", "engineer")
"""Of HTML and PDF; that of the auditor holds everything, and its formats are named html and pdf
alone.
"""


def edition_formats(formats: Iterable[str], editions: Iterable[str]) -> tuple[str, ...]:
    """Return the names of writers: one for each edition of html and pdf."""
    writer_names = [
        (f if e == EDITIONS[0] else f"{e}-{f}") if f in ("html", "pdf") else f
        for f in formats
        for e in editions
    ]
    return tuple(dict.fromkeys(writer_names))


def names() -> tuple[str, ...]:
    """Return the formats that ship, by name."""
    files = (Path(__file__).parent / "formats").glob("[!_]*.py")
    return tuple(sorted(path.stem for path in files))


def shipped(name: str) -> tuple[Format, str]:
    """Return the format behind the name of a writer, and its edition."""
    edition, _, medium = name.rpartition("-")
    module_format: Format = import_module(f".formats.{medium}", __package__).FORMAT
    return module_format, edition or EDITIONS[0]


class Files(Mapping[str, str]):
    """Writer -> file of the run, or folder of files."""

    def __getitem__(self, name: str) -> str:
        if name not in WRITERS:
            raise KeyError(name)
        shipped_format, edition = shipped(name)
        return shipped_format.file if edition == EDITIONS[0] else f"{edition}.{shipped_format.name}"

    def __iter__(self) -> Iterator[str]:
        return iter(WRITERS)

    def __len__(self) -> int:
        return len(WRITERS)


def _late_writer(name: str) -> Writer:
    def write(view: View, path: Path, /, **more: Any) -> None:
        with speaking(view.cover.language):
            shipped_format, edition = shipped(name)
            shipped_format.write(
                view, path, **({"edition": edition} if shipped_format.editions else {}), **more
            )

    return write


_SLOW = {"html": "reporter.report.html.page", "pdf": "reporter.report.pdf.paper"}


def warm_up(formats: Iterable[str]) -> None:
    """Import slow modules and compile templates in the background. If that fails, the writer of the
    format reports it.
    """
    pairs = [shipped(name) for name in formats if name in WRITERS]
    editions = {edition for shipped_format, edition in pairs if shipped_format.name in _SLOW}

    def work() -> None:
        with suppress(Exception):
            for name in {f.name for f, _ in pairs} & _SLOW.keys():
                import_module(_SLOW[name])
            if editions:
                import_module(_SLOW["html"]).warm_up(editions)

    threading.Thread(target=work).start()


WRITERS: dict[str, Writer] = {
    name: _late_writer(name) for name in edition_formats(names(), EDITIONS)
}
FILES = Files()
