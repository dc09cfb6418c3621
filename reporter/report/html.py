"""The editions as HTML: the view rendered by the templates into one file that needs no network, and no script.

`render` also serves the PDF, from the same templates, for the medium "paper".
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reporter.branding import ACCENT
from reporter.texts import ENGLISH, numeral, say, speaking, word

from . import charts
from .desk import desks
from .shape import Control, Framework, View
from .view import SHOWN_ON_PAPER, SHOWN_ON_SCREEN

STYLES = {"screen": ("base.css", "screen.css"), "paper": ("base.css", "paper.css")}
IN_CODE = re.compile(r"\b_\(([^()]+)\)")
COUNTED = 'text.replace(/,/g, "")'
"""How the script reads a number of English."""
LIMITS = {"screen": SHOWN_ON_SCREEN, "paper": SHOWN_ON_PAPER}


def write(view: View, path: Path, edition: str = "auditor") -> None:
    """Write an edition as one HTML file."""
    path.write_text(render(view, edition=edition), encoding="utf-8", newline="\n")


def render(
    view: View, medium: str = "screen", extra_css: str = "", edition: str = "auditor"
) -> str:
    """Render an edition of the view for the screen or for paper, in its language."""
    with speaking(view.cover.language):
        return _rendered(view, medium, extra_css, edition)


def _rendered(view: View, medium: str, extra_css: str, edition: str) -> str:
    folder = templates_dir()
    names = STYLES[medium] + (() if view.cover.language == ENGLISH else ("hyphens.css",))
    styles = "\n".join((folder / name).read_text("utf-8") for name in names)
    css = _said(styles) + extra_css
    if medium == "paper":
        css = _constant(css)
    css = css.replace(ACCENT, view.cover.accent)
    script = ""
    if medium == "screen":
        script = _counting(_said((folder / "screen.js").read_text("utf-8")))
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
    return page.replace(f'fill="{ACCENT}"', f'fill="{view.cover.accent}"')


def _said(code: str) -> str:
    """Say what stands as `_(text)` in the strings of a style sheet or script."""
    return IN_CODE.sub(lambda found: json.dumps(say(found[1]), ensure_ascii=False)[1:-1], code)


def _counting(script: str) -> str:
    """Let tables be sorted by numbers as the language writes them."""
    group, decimal = numeral(","), numeral(".")
    if decimal == ".":
        return script
    told = f'text.replaceAll("{group}", "").replace("{decimal}", ".")'
    return script.replace(COUNTED, told)


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
        for name in ("gauge", "steps", "bar", "lag", "waterfall", "days", "split")
    }
    environment.globals |= {name: partial(_draw, draw) for name, draw in drawings.items()}
    environment.globals |= {"heat_maps": heat_maps, "gap_controls": gap_controls, "desks": desks}
    environment.globals |= {"_": _say, "word": word, "facets": _facets}
    return environment


def _say(text: str, **values: object) -> Markup:
    """Say a text of a template, which may hold HTML; its values may not."""
    return Markup(say(text)).format(**values) if values else Markup(say(text))


def _facets(*names: str) -> str:
    """Name what a list can be chosen by: the name in the page, and what a reader sees."""
    return " ".join(n if word(n) == n else f"{n}:{word(n)}" for n in names)


def _draw(draw: object, *args: object) -> Markup:
    return Markup(draw(*args))  # type: ignore[operator]
