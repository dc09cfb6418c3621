"""Content that is installed as a Python package. In: what is installed. Out: a Pack for each entry
point, with its folder.

Nothing of a package is imported: it gives files, which are validated as those of an --extra folder
are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from reporter.errors import Errors, InputError, ReporterError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "agent_reporter.packs"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_FOLDER = re.compile(r"[A-Za-z_]\w*(\.\w+)*", re.ASCII)
_OUT = "Reinstall the package or remove it, or leave all packs out with --no-packs."


@dataclass(frozen=True, slots=True)
class Pack:
    """A folder of content that somebody installed."""

    name: str
    """That of its entry point."""
    package: str
    """What brought it, as a package index calls it."""
    version: str
    """Of the package."""
    folder: Path
    sha256: str = ""
    """Of its files, once they are read."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def installed() -> tuple[Pack, ...]:
    """Return the installed packs, by name.

    Raises Errors, one InputError for each pack that cannot be used.
    """
    from importlib.metadata import entry_points

    packs: dict[str, Pack] = {}
    errors: list[ReporterError] = []
    for point in sorted(entry_points(group=GROUP), key=lambda e: (e.name, e.value)):
        try:
            pack = _pack(point)
            if pack.name in packs:
                raise InputError(
                    f"package {packs[pack.name].package} brings a pack of this name too",
                    _place(point),
                    _OUT,
                )
        except InputError as error:
            errors.append(error)
        else:
            packs[pack.name] = pack
    if errors:
        raise Errors(errors)
    return tuple(packs.values())


def _pack(point: EntryPoint) -> Pack:
    place = _place(point)
    if not _NAME.fullmatch(point.name):
        raise InputError("a pack is named with letters, digits, dots and dashes", place, _OUT)
    package, version = package_of(point)
    if not package or not version:
        raise InputError("its package does not say its name and version", place, _OUT)
    folders = _folders(point.value)
    if len(folders) != 1:
        many = f"has several folders: {', '.join(map(str, folders))}"
        none = "is not a folder with files of an installed package"
        raise InputError(f"its value {point.value!r} {many if folders else none}", place, _OUT)
    return Pack(point.name, package, version, folders[0])


def _folders(value: str) -> list[Path]:
    """Find the folder of a package, or one inside it. Asking for an inner package would import the
    outer one.
    """
    if not _FOLDER.fullmatch(value):
        return []
    top, *inner = value.split(".")
    try:
        spec = find_spec(top)
    except ValueError:  # a module of this program that says of itself that nothing made it
        return []
    places = (spec.submodule_search_locations or ()) if spec else ()
    return [folder for place in places if (folder := Path(place, *inner)).is_dir()]


def package_of(point: EntryPoint) -> tuple[str, str]:
    """Return name and version of the package that provides an entry point; '' where it does not
    say.
    """
    dist = point.dist
    if dist is None or not (dist.read_text("METADATA") or dist.read_text("PKG-INFO")):
        return "", ""
    metadata = dist.metadata.json
    return str(metadata.get("name", "")), str(metadata.get("version", ""))


def _place(point: EntryPoint) -> str:
    """The entry point as a place: there may be no file of it that one could open."""
    return f"pack {point.name}"


def display_place(place: str, packs: Iterable[Pack]) -> str:
    """Name a place in a pack by the pack, wherever that is installed; any other as it is."""
    pack = _of(place, packs)
    return f"pack {pack.name}{place.removeprefix(str(pack.folder))}" if pack else place


@contextmanager
def naming(packs: Iterable[Pack]) -> Iterator[None]:
    """Make errors in files of packs name the pack: the user may never have heard of it.

    Raises Errors: those of the block, each with its pack.
    """
    try:
        yield
    except Errors as errors:
        raise Errors([name_pack(e, packs) for e in errors.errors]) from errors
    except ReporterError as error:
        raise name_pack(error, packs) from error


def name_pack(error: ReporterError, packs: Iterable[Pack]) -> ReporterError:
    """Return an error that says of which pack its file is, if of any."""
    pack = _of(error.place, packs)
    if pack is None:
        return error
    origin = f"It is of pack {pack}, of package {pack.package}; --no-packs leaves all packs out."
    return type(error)(error.message, error.place, f"{error.hint} {origin}".strip())


def _of(place: str, packs: Iterable[Pack]) -> Pack | None:
    return next((p for p in packs if f"{place}/".startswith(f"{p.folder}/")), None)
