"""Pages by a template of the user's own, in a sandbox. In: a jinja2 file and the view. Out: HTML and PDF named like it.

It sees what our templates see and no more: no file, no attribute that begins with an underscore, nothing outside the page.
"""

from __future__ import annotations

import re
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

from reporter.errors import InputError

from .shape import View

HELP = "docs/formats.md says what a template of your own may use."
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_FOREIGN = ("script", "meta", "link", "base", "iframe", "object", "embed", "form", "style")
"""What may stand in a page only as often as our layout has it."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template of the user's own."""

    name: str
    """Of the files that it makes, without ending."""
    path: Path
    text: str


def read_templates(paths: Iterable[Path], taken: Iterable[str]) -> tuple[Template, ...]:
    """Read templates and parse them; raise InputError with path and line where one cannot be used."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    reserved, made = {name.partition(".")[0] for name in taken}, []
    for path in paths:
        if not _NAME.fullmatch(path.stem) or path.stem in reserved:
            raise InputError(
                f"a template called {path.stem!r} cannot name its pages", str(path),
                "Use small letters, digits and hyphens, and a name that no other file of a run has.",
            )  # fmt: skip
        reserved.add(path.stem)
        try:
            template = Template(path.stem, path, path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot be read: {error}", str(path)) from error
        with _placed(template):
            ImmutableSandboxedEnvironment().parse(template.text, template.name, str(path))
        made.append(template)
    return tuple(made)


def write(view: View, template: Template, mediums: Iterable[str], folder: Path) -> None:
    """Write the page as HTML, PDF or both."""
    for medium in mediums:
        path = folder / f"{template.name}.{medium}"
        with _placed(template):
            import_module(f".{medium}", __package__).write(view, path, own=template)


def check(page: str, layout: str, template: Template) -> None:
    """Refuse a page that is not built on our layout, or brings in what could reach outside of it."""
    allowed, found = _tags(layout), _tags(page)
    if not found["meta"]:
        raise InputError(
            "is not built on our layout, which keeps a page from reaching outside", str(template.path),
            'Begin it with {% extends "layout.html" %} and put the page into {% block body %}.',
        )  # fmt: skip
    more = [tag for tag in _FOREIGN if found[tag] > allowed[tag]]
    if more:
        raise InputError(
            f"brings a <{more[0]}> of its own into the page", str(template.path),
            "A report opens nothing outside itself. " + HELP,
        )  # fmt: skip


def _tags(page: str) -> Counter[str]:
    found: Counter[str] = Counter()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.update([tag])  # type: ignore[method-assign]
    parser.feed(page)
    return found


@contextmanager
def _placed(template: Template) -> Iterator[None]:
    """Say in which line of the template something went wrong."""
    from jinja2 import TemplateError, TemplateSyntaxError

    try:
        yield
    except InputError:
        raise
    except TemplateSyntaxError as error:
        place = f"{error.filename or template.path}:{error.lineno}"
        raise InputError(str(error.message), place, HELP) from error
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(template.path)]  # fmt: skip
        place = f"{template.path}:{lines[-1]}" if lines else str(template.path)
        raise InputError(str(error) or type(error).__name__, place, HELP) from error
