"""Branding: a colour that can be read, a logo that is a picture; both in every edition, and still PDF/A."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import fixture_assessment as given
import pikepdf
import pytest
from PIL import Image

from reporter.errors import InputError
from reporter.model.branding import Branding, contrast, read_branding
from reporter.report import EDITIONS
from reporter.report.html import page as html
from reporter.report.pdf import paper


def a_logo(folder: Path) -> Path:
    Image.new("RGBA", (30, 8), (120, 30, 90, 200)).save(folder / "logo.png")
    return folder / "logo.png"


def test_a_colour_and_a_logo_are_taken(tmp_path: Path) -> None:
    a_logo(tmp_path)
    found = read_branding({"accent": "#7A1E5A", "logo": "logo.png"}, tmp_path, "reporter.yml:1")
    assert found.accent == "#7a1e5a"
    assert found.logo.startswith("data:image/png;base64,")
    assert read_branding({}, tmp_path, "reporter.yml:1") == Branding()


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"accent": "#ffcc00"}, "contrast of 1.5"),
        ({"accent": "blue"}, "accent is 'blue'"),
        ({"logo": "logo.svg"}, "logo.svg is not a picture"),
        ({"logo": "gone.png"}, "logo cannot be read"),
        ({"color": "#000000"}, "unknown key 'color'"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, given_: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_branding(given_, tmp_path, "reporter.yml:1")


SVG_BOMB = b'<svg xmlns="http://www.w3.org/2000/svg"><g id="a"/><g id="b"><use href="#a"/><use href="#a"/></g></svg>'


def a_file(path: Path, data: bytes) -> None:
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("../logo.png", lambda p: a_logo(p.parent.parent), "is not a file of the workspace"),
        ("/etc/hostname.png", lambda p: None, "is not a file of the workspace"),
        ("logo.png", lambda p: p.symlink_to(a_logo(p.parent.parent)), "is not a file of the workspace"),
        ("sub/logo.png", lambda p: p.parent.symlink_to(a_logo(p.parent.parent.parent).parent), "is not a file of the workspace"),
        ("logo.png", lambda p: p.symlink_to("/dev/zero"), "is not a file of the workspace"),
        ("logo.png", lambda p: os.mkfifo(p), "is not a regular file"),
        ("logo.png", lambda p: p.mkdir(), "cannot be read: Is a directory"),
        ("logo.png", lambda p: a_file(p, b"\x89PNG\r\n\x1a\n" + bytes(500_000)), "has more than 400000 bytes"),
        ("logo.png", lambda p: a_file(p, b"<html><script>1</script></html>"), "holds no picture of its kind"),
        ("logo.png", lambda p: a_file(p, SVG_BOMB), "holds no picture of its kind"),
        ("logo.png", lambda p: a_file(p, b"\x89PNG\r\n\x1a\n"), "holds no picture of its kind"),
        ("logo.jpg", lambda p: a_logo(p.parent).rename(p), "holds no picture of its kind"),
        ("logo.png", lambda p: Image.new("1", (5000, 5000)).save(p), "holds no picture of its kind"),
        ("logo.png", lambda p: a_file(p, a_logo(p.parent).read_bytes()[:36]), "holds no picture of its kind"),
    ],
)  # fmt: skip
def test_a_logo_is_a_picture_of_the_workspace(
    tmp_path: Path, name: str, make: Callable[[Path], object], says: str
) -> None:
    folder = tmp_path / "ws"
    folder.mkdir()
    make(folder / name)
    with pytest.raises(InputError, match=says):
        read_branding({"logo": name}, folder, "reporter.yml:1")


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_edition_wears_the_colour_and_the_logo(tmp_path: Path) -> None:
    own = read_branding({"accent": "#7a1e5a", "logo": a_logo(tmp_path).name}, tmp_path, "")
    made = given.view(replace(given.rich(), branding=own))
    for edition in EDITIONS:
        for medium in ("screen", "paper"):
            page = html.render(made, medium, edition=edition)
            assert "#0f4c81" not in page and "#7a1e5a" in page
            assert page.count('<img src="data:image/png;base64,') == 1
    with pikepdf.open(BytesIO(paper.render(made, "board"))) as document:
        images = [
            o
            for o in document.objects
            if isinstance(o, pikepdf.Stream) and o.get("/Subtype") == "/Image"
        ]
        assert images and not any(i.get("/Interpolate") for i in images)
