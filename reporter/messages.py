"""Every text that a report can say. In: the code, the templates and the content. Out: messages.pot, and the translations kept in step.

`make docs` runs it. A translation keeps what it has; what is new stands empty in it and is said in English until then.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from reporter import catalog
from reporter.catalog import Content
from reporter.report.html import IN_CODE
from reporter.report.tabs import headings
from reporter.report.words import NOUNS, counted
from reporter.schema import SUBJECTS
from reporter.texts import CONTENT, WORD, WORDS, locale_dir
from reporter.vocabulary import EFFECTS

POT = "messages.pot"
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
Found = tuple[str, str, tuple[str, ...]]
"""Where, context, and the text: one form or two."""
_SAYING = {"say": 1, "mark": 1, "say_n": 2}
_TRANSLATED_TITLES = ("id-only",)
"""Text policies of catalogs whose titles are our own words; the titles of others are their publisher's."""


def extract() -> Catalog:
    """Return every message, in the order of contexts and texts."""
    made = Catalog(charset="utf-8", fuzzy=False)
    for place, context, forms in sorted(_found(), key=lambda f: (f[1], f[2], f[0])):
        key = forms[0] if len(forms) == 1 else forms
        made.add(key, context=context or None, locations=[(place, 1)])
    return made


def _found() -> Iterator[Found]:
    package = Path(__file__).parent
    code = [
        *sorted((package / "report").glob("*.py")),
        *(package / f"{name}.py" for name in ("explain", "explanation", "history", "rests")),
    ]
    for path in (*code, package / "texts.py"):
        yield from _in_code(path, path.relative_to(package.parent).as_posix())
    templates = locale_dir().parent
    for path in sorted(templates.rglob("*.html")):
        yield from _in_template(path, path.relative_to(templates.parent).as_posix())
    for path in (*sorted(templates.glob("*.css")), *sorted(templates.glob("*.js"))):
        place = path.relative_to(templates.parent).as_posix()
        yield from ((place, "", (text,)) for text in IN_CODE.findall(path.read_text("utf-8")))
    yield from (("reporter/report/words.py", "", counted(n)) for n in (*NOUNS, *SUBJECTS))
    yield from (("reporter/report/tabs.py", "", (name,)) for name in headings())
    yield from (("reporter/texts.py", WORD, (code,)) for code in (*WORDS, *EFFECTS))
    yield from (
        ("frameworks", CONTENT, (text.strip(),)) for text in contents(catalog.load()) if text
    )


def _in_code(path: Path, place: str) -> Iterator[Found]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        n = _SAYING.get(node.func.id, 0)
        told = [a.value for a in node.args if isinstance(a, ast.Constant)]
        texts = tuple(t for t in told[:n] if isinstance(t, str) and t)
        if n and len(texts) == n:
            yield place, "", texts
        elif node.func.id == "count" and told and isinstance(told[-1], str):
            yield place, "", counted(told[-1])


def _in_template(path: Path, place: str) -> Iterator[Found]:
    tree = Environment(trim_blocks=True, lstrip_blocks=True).parse(path.read_text("utf-8"))
    for _, _, told in extract_from_ast(tree, ("_",)):
        text = told[0] if isinstance(told, tuple) else told
        if text:  # not a value that stands in the view
            yield place, "", (str(text),)


def contents(content: Content) -> Iterator[str]:
    """Return the texts of content files that a report prints."""
    for check in content.checks:
        yield from (check.title, check.headline, check.why, check.fix, check.fix_listed)
    yield from (theme.title for theme in content.themes)
    yield from (*content.policy.level_names, *content.policy.level_claims)
    yield from (cap[2] for cap in content.policy.caps)
    yield from (profile.title for profile in content.profiles.values())
    yield from (cause.title for cause in content.causes)
    yield str(content.benchmark.get("origin", ""))
    for framework in content.frameworks:
        own = framework.text_policy in _TRANSLATED_TITLES
        yield framework.note
        for group in framework.groups:
            yield group.title if own else ""
        for control in framework.controls:
            yield from (control.title if own else "", control.paraphrase, control.ask)


def written(made: Catalog, header: str = HEADER) -> bytes:
    """Write messages as a file of gettext: a message names the files it stands in, but no lines."""
    out = io.BytesIO()
    write_po(out, made, width=110, omit_header=True, include_lineno=False)
    return header.encode() + out.getvalue()


def renewed(path: Path, template: Catalog) -> bytes:
    """Return a translation with the messages of the template, and what it says of them."""
    with path.open("rb") as file:
        old = read_po(file, locale=path.stem)
    made = Catalog(locale=path.stem, charset="utf-8", fuzzy=False)
    for message in template:
        if message.id:
            before = old.get(message.id, message.context)
            said = before.string if before else None
            made.add(message.id, said, message.locations, context=message.context)
    spoken = f'"Language: {path.stem}\\n"\n"Plural-Forms: {old.plural_forms}\\n"\n'
    return written(made, HEADER + spoken)


def main() -> None:
    """Write messages.pot and renew every translation."""
    template = extract()
    (locale_dir() / POT).write_bytes(written(template))
    for path in sorted(locale_dir().glob("*.po")):
        path.write_bytes(renewed(path, template))


if __name__ == "__main__":
    main()
