"""The editions as HTML: the view rendered by the templates into one file that needs no network, and no script.

`render` also serves the PDF, from the same templates, for the medium "paper".
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reporter.branding import ACCENT

from . import charts
from .desk import desks
from .shape import Control, Framework, View
from .view import SHOWN_ON_PAPER, SHOWN_ON_SCREEN

STYLES = {"screen": ("base.css", "screen.css"), "paper": ("base.css", "paper.css")}
LIMITS = {"screen": SHOWN_ON_SCREEN, "paper": SHOWN_ON_PAPER}


def write(view: View, path: Path, edition: str = "auditor") -> None:
    """Write an edition as one HTML file."""
    path.write_text(render(view, edition=edition), encoding="utf-8", newline="\n")


def render(
    view: View, medium: str = "screen", extra_css: str = "", edition: str = "auditor"
) -> str:
    """Render an edition of the view for the screen or for paper."""
    folder = templates_dir()
    css = "\n".join((folder / name).read_text("utf-8") for name in STYLES[medium]) + extra_css
    if medium == "paper":
        css = _constant(css)
    css = css.replace(ACCENT, view.cover.accent)
    script = (folder / "screen.js").read_text("utf-8") if medium == "screen" else ""
    page = (
        _environment(folder)
        .get_template(f"{edition}.html")
        .render(
            view=view,
            medium=medium,
            paper=medium == "paper",
            limit=LIMITS[medium],
            css=Markup(css),
            css_hash=_digest(css),
            script=Markup(script),
            script_hash=_digest(script),
        )
    )
    for kind in ("fill", "stroke"):
        page = page.replace(f'{kind}="{ACCENT}"', f'{kind}="{view.cover.accent}"')
    return page


def _digest(text: str) -> str:
    """Hash what the page may use, for its content security policy."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def templates_dir() -> Path:
    """Find the templates: inside an installed wheel, else at the root of the repository."""
    package = Path(__file__).parent.parent
    packed = package / "_data" / "templates"
    return packed if packed.is_dir() else package.parent / "templates"


def _constant(css: str) -> str:
    """Put the values of custom properties in place: resolving them slows WeasyPrint by a tenth."""
    values = dict(re.findall(r"(--\w+):\s*([^;]+);", css))
    return re.sub(r"var\((--\w+)\)", lambda found: values[found[1]], css)


def heat_maps(framework: Framework, paper: bool) -> list[tuple[str, str]]:
    """Draw one heat map per top group; on paper these stand side by side, without the titles."""
    tops = [g for g in framework.groups if g.depth == 0]
    parts = [(f"{g.id} {g.title}".strip(), _members(framework, g.controls)) for g in tops]
    named = [(name, controls) for name, controls in parts if controls]
    chosen = named or [(framework.title, list(framework.controls))]
    titles = not (paper and named)
    return [(name, Markup(charts.heat(name, c, titles))) for name, c in chosen]


def gap_controls(framework: Framework) -> list[Control]:
    """Pick the controls of the gap table, in its order."""
    by_id = {c.id: c for c in framework.controls}
    return [by_id[i] for i in framework.gaps]


def _members(framework: Framework, ids: tuple[str, ...]) -> list[Control]:
    return [c for c in framework.controls if c.id in ids]


def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawings = {
        name: getattr(charts, name)
        for name in ("gauge", "steps", "bar", "lag", "waterfall", "days", "split", "trend")
    }
    environment.globals |= {name: partial(_draw, draw) for name, draw in drawings.items()}
    environment.globals |= {"heat_maps": heat_maps, "gap_controls": gap_controls, "desks": desks}
    return environment


def _draw(draw: object, *args: object) -> Markup:
    return Markup(draw(*args))  # type: ignore[operator]
