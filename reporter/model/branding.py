"""The branding and the sign-off of a report. In: `branding` and `sign_off` of reporter.yml. Out: a
logo as data and a readable accent colour; who prepared and reviewed it, when and for whom.
"""

from __future__ import annotations

import base64
import os
import re
import stat
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from pathlib import Path, PurePath
from typing import Any

from reporter.errors import InputError

ACCENT = "#0f4c81"
"""The colour of headings, bars and links unless an organisation has its own."""
KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
MOST_BYTES, MOST_PIXELS = 400_000, 16_000_000
CONTRAST = 4.5
"""Of WCAG 2.2 AA for text, against white."""
SIGN_OFF = ("prepared_by", "reviewed_by", "fieldwork", "distribution", "limits", "independence")
_FIELDWORK = "Write `fieldwork: {from: 2026-10-05, to: 2026-10-16}`."


@dataclass(frozen=True, slots=True)
class Branding:
    accent: str = ACCENT
    logo: str = ""
    """A data URI; '' for none."""


def read_branding(settings: dict[str, Any], folder: Path, place: str) -> Branding:
    """Check a colour and load a picture.

    Raises InputError where either cannot be used.
    """
    for key in sorted(set(map(str, settings)) - {"accent", "logo"}):
        raise InputError(f"branding: unknown key {key!r}", place, "Known: accent, logo.")
    accent = str(settings.get("accent", ACCENT)).lower()
    if not re.fullmatch("#[0-9a-f]{6}", accent):
        raise InputError(
            f"branding: accent is {accent!r}",
            place,
            "Expected a colour such as '#0f4c81', in quotes.",
        )
    ratio = contrast(accent, "#ffffff")
    if ratio < CONTRAST:
        raise InputError(
            f"branding: accent {accent} has a contrast of {ratio:.1f} against white",
            place,
            f"Text needs {CONTRAST} (WCAG 2.2 AA): take a darker shade.",
        )
    return Branding(
        accent, _logo(folder, str(settings["logo"]), place) if "logo" in settings else ""
    )


def _logo(folder: Path, name: str, place: str) -> str:
    path, kind = folder / name, KINDS.get(Path(name).suffix.lower())
    if kind is None:
        raise InputError(
            f"branding: logo {path.name} is not a picture", place, f"Expected {', '.join(KINDS)}."
        )
    try:
        if not _lies_in(folder, name):
            raise InputError(
                f"branding: logo {name!r} is not a file of the workspace",
                place,
                "Put the picture beside reporter.yml; links and other folders are not followed.",
            )
        data = _read(path, place)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"branding: logo cannot be read: {why}", str(path)) from error
    if len(data) > MOST_BYTES:
        raise InputError(f"branding: logo has more than {MOST_BYTES} bytes", str(path))
    if not _is_picture(data, kind):
        raise InputError(
            f"branding: logo {path.name} holds no picture of its kind",
            str(path),
            f"Expected {kind} of at most {MOST_PIXELS} pixels.",
        )
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _lies_in(folder: Path, name: str) -> bool:
    """Tell whether a path leads into a folder without a step up, or a link, on its way."""
    relative_path = PurePath(name)
    is_plain = not relative_path.is_absolute() and ".." not in relative_path.parts
    target, home = (Path(os.path.realpath(path)) for path in (folder / relative_path, folder))
    return is_plain and target == home / relative_path


def _read(path: Path, place: str) -> bytes:
    """Return the first bytes of a regular file; any other, such as a pipe, might never end or
    begin.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InputError(f"branding: logo {path.name} is not a regular file", place)
        return file.read(MOST_BYTES + 1)


def _is_picture(data: bytes, kind: str) -> bool:
    """Tell whether the data is what its name says, by decoding it to the end."""
    from PIL import Image

    try:
        with Image.open(BytesIO(data), formats=[kind.partition("/")[2].upper()]) as image:
            if image.width * image.height > MOST_PIXELS:
                return False
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Warning):
        return False
    return True


def contrast(one: str, two: str) -> float:
    """Return the contrast of two colours as WCAG 2.2 defines it, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@dataclass(frozen=True, slots=True)
class SignOff:
    """What the page of signatures says. What reporter.yml leaves out is empty: a line to fill in by
    hand.
    """

    prepared_by: str = ""
    reviewed_by: str = ""
    fieldwork_from: str = ""
    """A day, as YYYY-MM-DD."""
    fieldwork_to: str = ""
    distribution: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    independence: str = ""


def read_sign_off(settings: dict[str, Any], place: str) -> SignOff:
    """Check what a workspace says about its sign-off.

    Raises InputError where a key is unknown or a value is of another kind.
    """
    for key in sorted(set(map(str, settings)) - {*SIGN_OFF}):
        raise InputError(f"sign_off: unknown key {key!r}", place, f"Known: {', '.join(SIGN_OFF)}.")
    first, last = _fieldwork(settings.get("fieldwork"), place)
    return SignOff(
        _text("prepared_by", settings, place),
        _text("reviewed_by", settings, place),
        first,
        last,
        _texts("distribution", settings, place),
        _texts("limits", settings, place),
        _text("independence", settings, place),
    )


def _text(key: str, settings: dict[str, Any], place: str) -> str:
    value = settings.get(key, "")
    if not isinstance(value, str):
        raise InputError(f"sign_off: {key} must be a text, not {value!r}", place)
    return value.strip()


def _texts(key: str, settings: dict[str, Any], place: str) -> tuple[str, ...]:
    value = settings.get(key, [])
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(i, str) and i.strip() for i in items):
        raise InputError(f"sign_off: {key} must be a list of texts, not {value!r}", place)
    return tuple(i.strip() for i in items)


def _fieldwork(value: Any, place: str) -> tuple[str, str]:
    if value is None:
        return "", ""
    if not isinstance(value, dict) or {*value} != {"from", "to"}:
        raise InputError("sign_off: fieldwork needs from and to", place, _FIELDWORK)
    first, last = (_day(value[key], place) for key in ("from", "to"))
    if first > last:
        raise InputError("sign_off: fieldwork ends before it begins", place, _FIELDWORK)
    return first.isoformat(), last.isoformat()


def _day(value: Any, place: str) -> date:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime):
        raise InputError(f"sign_off: fieldwork has {value!r}, no day", place, _FIELDWORK)
    return day
