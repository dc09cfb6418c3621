"""How a report looks like its organisation's. In: `branding` of reporter.yml. Out: a logo as data and a colour that can be read."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporter.errors import InputError

ACCENT = "#0f4c81"
"""The colour of headings, bars and links unless an organisation has its own."""
KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
MOST_BYTES = 400_000
CONTRAST = 4.5
"""Of WCAG 2.2 AA for text, against white."""


@dataclass(frozen=True, slots=True)
class Branding:
    accent: str = ACCENT
    logo: str = ""
    """A data URI; '' for none."""


def read_branding(given: dict[str, Any], folder: Path, place: str) -> Branding:
    """Check a colour and load a picture; raise InputError where either cannot be used."""
    for key in sorted(set(map(str, given)) - {"accent", "logo"}):
        raise InputError(f"branding: unknown key {key!r}", place, "Known: accent, logo.")
    accent = str(given.get("accent", ACCENT)).lower()
    if not re.fullmatch("#[0-9a-f]{6}", accent):
        raise InputError(f"branding: accent is {accent!r}", place, "Expected a colour such as '#0f4c81', in quotes.")  # fmt: skip
    found = contrast(accent, "#ffffff")
    if found < CONTRAST:
        raise InputError(
            f"branding: accent {accent} has a contrast of {found:.1f} against white", place,
            f"Text needs {CONTRAST} (WCAG 2.2 AA): take a darker shade.",
        )  # fmt: skip
    return Branding(accent, _logo(folder / str(given["logo"]), place) if "logo" in given else "")


def _logo(path: Path, place: str) -> str:
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"branding: logo {path.name} is no picture", place, f"Expected {', '.join(KINDS)}.")  # fmt: skip
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"branding: logo cannot be read: {error.strerror}", str(path)) from error
    if len(data) > MOST_BYTES:
        raise InputError(f"branding: logo has {len(data)} bytes, more than {MOST_BYTES}", str(path))
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def contrast(one: str, two: str) -> float:
    """Return the contrast of two colours as WCAG 2.2 defines it, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
