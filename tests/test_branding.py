"""Branding: a colour that can be read, a logo that is a picture; both in every edition, and still PDF/A."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import fixture_assessment as given
import pikepdf
import pytest
from PIL import Image

from reporter.branding import Branding, contrast, read_branding
from reporter.errors import InputError
from reporter.report import EDITIONS, html, pdf, view


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
        ({"logo": "logo.svg"}, "logo.svg is no picture"),
        ({"logo": "gone.png"}, "logo cannot be read"),
        ({"color": "#000000"}, "unknown key 'color'"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, given_: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_branding(given_, tmp_path, "reporter.yml:1")


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_edition_wears_the_colour_and_the_logo(tmp_path: Path) -> None:
    own = read_branding({"accent": "#7a1e5a", "logo": a_logo(tmp_path).name}, tmp_path, "")
    made = view.build(replace(given.rich(), branding=own))
    for edition in EDITIONS:
        for medium in ("screen", "paper"):
            page = html.render(made, medium, edition=edition)
            assert "#0f4c81" not in page and "#7a1e5a" in page
            assert page.count('<img src="data:image/png;base64,') == 1
    with pikepdf.open(BytesIO(pdf.render(made, "board"))) as document:
        images = [
            o
            for o in document.objects
            if isinstance(o, pikepdf.Stream) and o.get("/Subtype") == "/Image"
        ]
        assert images and not any(i.get("/Interpolate") for i in images)
