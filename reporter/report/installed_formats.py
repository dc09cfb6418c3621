"""Installed formats. In: a name, the view. Out: the file that the package of that name writes.

It is third-party code, so it is imported on request only, and in a child process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from reporter.content.packs import package_of
from reporter.engine.sandbox import Child, Limits, Stopped
from reporter.errors import InputError
from reporter.i18n.translate import speaking
from reporter.report import FILES, WRITERS, Format
from reporter.report.build import from_json, to_json
from reporter.report.document import View

GROUP = "agent_reporter.formats"
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_HELP = "docs/formats.md says what a format of your own is."


@dataclass(frozen=True, slots=True)
class Installed:
    """A format of others."""

    name: str
    value: str
    """Where it stands, as `module:FORMAT`."""
    package: str
    version: str

    @property
    def place(self) -> str:
        """Return the name of the format for error messages."""
        return f"format {self.name} of package {self.package} {self.version}"


def installed() -> tuple[str, ...]:
    """Return the names of all installed formats, except those that ship."""
    from importlib.metadata import entry_points

    return tuple(sorted({p.name for p in entry_points(group=GROUP)} - {*WRITERS}))


def refuse_unknown(names: Iterable[str]) -> None:
    """Raise InputError where a name is no format, neither ours nor an installed one."""
    for name in names:
        if name not in WRITERS:
            find(name)


def find(name: str) -> Installed:
    """Return an installed format; raise InputError where there is none, or where two packages have
    it.
    """
    from importlib.metadata import entry_points

    points = entry_points(group=GROUP, name=name)
    matches = [Installed(p.name, p.value, *package_of(p)) for p in points]
    if not matches:
        raise InputError(
            f"there is no format {name!r}", "", f"Formats: {', '.join([*FILES, *installed()])}."
        )
    if len(matches) > 1:
        raise InputError(
            f"package {matches[0].package} brings a format of this name too",
            matches[1].place,
            "Remove one of them.",
        )
    return matches[0]


def write(
    view: View, installation: Installed, data: Sequence[Path], folder: Path, limits: Limits
) -> None:
    """Write the view to a new file in the folder; raise InputError where the format does not, or
    the name is taken.
    """
    with Child(limits) as child, TemporaryDirectory(dir=folder, prefix=".own-") as place:
        view_file, out = Path(place) / "view.json", Path(place) / "out"
        view_file.write_bytes(to_json(view))
        out.mkdir()
        try:
            name = child.call(
                make,
                view=str(view_file),
                name=installation.name,
                value=installation.value,
                place=installation.place,
                data=[str(path) for path in data],
                folder=str(out),
            )
        except Stopped as error:
            raise InputError(f"writes nothing: it {error}", installation.place, _HELP) from error
        if not _FILE.fullmatch(name) or not (out / name).exists():
            raise InputError("writes no file of the name that it says", installation.place, _HELP)
        if name in FILES.values() or (folder / name).exists():
            raise InputError(
                f"writes {name}, which is another file of a run", installation.place, _HELP
            )
        (out / name).rename(folder / name)


def make(view: str, name: str, value: str, place: str, data: list[str], folder: str) -> str:
    """Import the format, write the view and return the file name; runs in the child process.

    Raises InputError where it is not a Format of that name, or writes another file.
    """
    from importlib.metadata import EntryPoint

    custom_format = EntryPoint(name, value, GROUP).load()
    if (
        not isinstance(custom_format, Format)
        or custom_format.name != name
        or not _FILE.fullmatch(custom_format.file)
    ):
        raise InputError(
            f"{value!r} is not a Format called {name!r} with the plain name of a file", place, _HELP
        )
    report_view = from_json(Path(view).read_bytes())
    with speaking(report_view.cover.language):
        options = {"data": [Path(path) for path in data]} if custom_format.data else {}
        custom_format.write(report_view, Path(folder) / custom_format.file, **options)
    return custom_format.file
