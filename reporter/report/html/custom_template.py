"""Pages from a user template, in a sandbox. In: a jinja2 file and the view. Out: HTML and PDF named
after it.

It sees the same data as our templates: no file, no attribute with a leading underscore, nothing
outside the page.
"""

from __future__ import annotations

import re
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from reporter.engine.sandbox import USUAL, Child, Limits, Stopped
from reporter.errors import InputError
from reporter.report import shipped
from reporter.report.build import from_json, to_json
from reporter.report.document import View
from reporter.system.plain_text import regular_bytes

HELP = "docs/formats.md says what a template of your own may use."
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_FOREIGN = (
    *(
        "script",
        "meta",
        "link",
        "base",
        "iframe",
        "object",
        "embed",
        "form",
        "style",
        "title",
        "html",
        "head",
        "body",
    ),
    *(
        "frame",
        "frameset",
        "applet",
        "portal",
        "fencedframe",
        "template",
        "noscript",
        "noembed",
        "noframes",
        "plaintext",
        "xmp",
    ),
    *(
        "math",
        "foreignobject",
        "use",
        "set",
        "animate",
        "animatetransform",
        "animatemotion",
        "image",
        "feimage",
    ),
)
"""What may stand in a page only as often as our layout has it: it reaches outside, or programs read
what is in it in two ways.
"""
_LOADS = (
    *(
        "src",
        "srcset",
        "imagesrcset",
        "poster",
        "background",
        "data",
        "action",
        "formaction",
        "ping",
        "manifest",
    ),
    *("codebase", "classid"),
)
"""Attributes from which a browser may load something, or to which it may send."""
_PICTURE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=]*")
_LINK = re.compile(r"(?:#|https?://|mailto:|[A-Za-z0-9_][^:]*$)", re.IGNORECASE)
LONGEST_PAGE = 64 << 20
"""Characters of a page: a template can repeat itself without end."""
PDF_TAKES = 5
"""So many times as long as filling a template may laying it out take."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template of the user's own."""

    name: str
    """Of the files that it makes, without ending."""
    path: Path
    text: str


def read_templates(paths: Iterable[Path], file_names: Iterable[str]) -> tuple[Template, ...]:
    """Read templates and parse them; raise InputError with path and line where one cannot be
    used.
    """
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    used_names, templates = {name.partition(".")[0] for name in file_names}, []
    for path in paths:
        if not _NAME.fullmatch(path.stem) or path.stem in used_names:
            raise InputError(
                f"a template called {path.stem!r} cannot name its pages",
                str(path),
                "Use small letters, digits and hyphens, and a name that no other file of a run"
                " has.",
            )
        used_names.add(path.stem)
        try:
            template = Template(path.stem, path, _text(path))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot be read: {error}", str(path)) from error
        with _error_place(template):
            ImmutableSandboxedEnvironment().parse(template.text, template.name, str(path))
        templates.append(template)
    return tuple(templates)


def _text(path: Path) -> str:
    return regular_bytes(path).decode("utf-8").replace("\r\n", "\n")


def write(
    view: View, template: Template, mediums: Iterable[str], folder: Path, limits: Limits = USUAL
) -> None:
    """Write the page as HTML, PDF or both, in a child process: a template may recurse or loop
    without end.

    Raises InputError where the template fails, or its page is refused.
    """
    with Child(limits) as child, TemporaryDirectory(dir=folder, prefix=".own-") as name:
        view_file = Path(name) / "view.json"
        view_file.write_bytes(to_json(view))
        for medium in mediums:
            try:
                child.call(
                    make,
                    view=str(view_file),
                    name=template.name,
                    path=str(template.path),
                    text=template.text,
                    medium=medium,
                    out=str(folder / f"{template.name}.{medium}"),
                    seconds=limits.seconds * (PDF_TAKES if medium == "pdf" else 1),
                )
            except Stopped as error:
                raise InputError(
                    f"makes no {medium.upper()}: it {error}", str(template.path), HELP
                ) from error


def make(view: str, name: str, path: str, text: str, medium: str, out: str) -> None:
    """Write one page of a template in one medium; runs in the child process."""
    template = Template(name, Path(path), text)
    writer, _ = shipped(medium)
    with _error_place(template):
        writer.write(from_json(Path(view).read_bytes()), Path(out), template=template)


def check(page: str, layout: str, template: Template) -> None:
    """Refuse a page that is not built on our layout, or that adds content which could reach outside
    it.

    The page is parsed by the same algorithm as in browsers. Comments are not allowed, because
    browsers differ on them.

    Raises InputError where the page is refused.
    """
    if len(page) > LONGEST_PAGE:
        raise InputError(
            f"makes a page of {len(page)} characters",
            str(template.path),
            f"At most {LONGEST_PAGE} are written.",
        )
    layout_elements, page_elements = _elements(layout), _elements(page)
    if not _policy(layout_elements) or _policy(page_elements) != _policy(layout_elements):
        raise InputError(
            "is not built on our layout, which keeps a page from reaching outside",
            str(template.path),
            'Begin it with {% extends "layout.html" %} and put the page into {% block body %}.',
        )
    layout_counts, page_counts = (
        Counter(e.tag for e in elements) for elements in (layout_elements, page_elements)
    )
    foreign_tags = [tag for tag in _FOREIGN if page_counts[tag] > layout_counts[tag]]
    if foreign_tags:
        raise InputError(
            f"brings a <{foreign_tags[0]}> of its own into the page",
            str(template.path),
            _NOTHING_OUTSIDE,
        )
    if page.count("<!") + page.count("<?") > layout.count("<!") + layout.count("<?"):
        raise InputError(
            "brings a comment of its own into the page",
            str(template.path),
            "Write it as {# ... #}. " + HELP,
        )
    for element in page_elements:
        for name, value in element.attributes:
            if _reaches(element.tag, name, value):
                raise InputError(
                    f"brings a {name} of its own into the page: <{element.tag}"
                    f" {name}={value[:60]!r}>",
                    str(template.path),
                    _NOTHING_OUTSIDE,
                )


_NOTHING_OUTSIDE = "A report opens nothing outside itself. " + HELP


@dataclass(frozen=True, slots=True)
class _Element:
    tag: str
    """In small letters, without a namespace."""
    attributes: tuple[tuple[str, str], ...]


def _elements(page: str) -> list[_Element]:
    """Return the elements of a page as a browser sees them, in order."""
    import tinyhtml5

    elements: list[_Element] = []
    for element in tinyhtml5.parse(StringIO(page)).iter():
        if not isinstance(element.tag, str):
            continue  # a comment
        space, _, tag = element.tag.rpartition("}")
        tag = tag.lower()
        tag = (
            "svg title" if space.endswith("svg") and tag == "title" else tag
        )  # in one of our drawings
        attributes = (
            (k.rpartition("}")[2].rpartition(":")[2].lower(), v) for k, v in element.attrib.items()
        )
        elements.append(_Element(tag, tuple(attributes)))
    return elements


def _policy(elements: list[_Element]) -> list[_Element]:
    """Return the content security policy: the first two elements of the head, before any active
    content.
    """
    tags = [e.tag for e in elements]
    policy = elements[2:4] if tags[:2] == ["html", "head"] else []
    return (
        policy
        if dict(policy[-1].attributes if policy else ()).get("http-equiv")
        == "Content-Security-Policy"
        else []
    )


def _reaches(tag: str, name: str, value: str) -> bool:
    """Tell whether an attribute loads, sends, runs or links to something that is not allowed."""
    address = re.sub(r"[\x00-\x20]", "", value)  # browsers ignore blanks in an address
    if "url(" in address.lower().replace("url(#", ""):
        return True
    if (
        name.startswith("on")
        or name in ("srcdoc", "style")
        or name == "http-equiv"
        and tag != "meta"
    ):
        return True
    if name == "href":
        return not (
            address.startswith("#")
            or tag in ("a", "area")
            and (not address or bool(_LINK.match(address)))
        )
    if name == "src" and tag == "img":
        return not _PICTURE.fullmatch(address)
    return name in _LOADS


@contextmanager
def _error_place(template: Template) -> Iterator[None]:
    """Report the line of the template in which an error occurred."""
    from jinja2 import TemplateError, TemplateSyntaxError

    try:
        yield
    except InputError:
        raise
    except TemplateSyntaxError as error:
        place = f"{error.filename or template.path}:{error.lineno}"
        raise InputError(str(error.message), place, HELP) from error
    except RecursionError as error:
        raise InputError("calls itself without end", str(template.path), HELP) from error
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        lines = [
            f.lineno
            for f in traceback.extract_tb(error.__traceback__)
            if f.filename == str(template.path)
        ]
        place = f"{template.path}:{lines[-1]}" if lines else str(template.path)
        raise InputError(str(error) or type(error).__name__, place, HELP) from error
