"""Every text that a report can print. In: the code, the templates and the content. Out:
messages.pot, and the translations kept in step.

`make docs` runs it. A translation keeps what it has; new texts stand empty in it and appear in
English until translated.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from reporter.content import loader
from reporter.content.frameworks import FULL_TEXT
from reporter.content.loader import Content
from reporter.evaluate.possible_agents import SIGNS
from reporter.i18n.translate import CONTENT, WORD, WORDS
from reporter.report.html.page import IN_CODE
from reporter.report.view.format import NOUNS, counted
from reporter.report.workbook import headings
from reporter.schema.tables import SUBJECTS
from reporter.schema.vocabulary import EFFECTS, VOCABULARY
from reporter.system.folders import locale_dir

POT = "messages.pot"
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
ExtractedMessage = tuple[str, str, tuple[str, ...]]
"""Where, context, and the text: one form or two."""
Extracted = Iterator[tuple[int, str, Sequence[str | None], list[str]]]
"""What a Babel extraction method returns: line, function, its texts, comments."""
_KEYWORDS = {"say": None, "mark": None, "tell": None, "say_n": (1, 2), "_": None}
"""Functions that take a text to translate, as Babel expects them."""
_TEMPLATES = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
_VOCABULARY = sorted({w.replace("_", " ") for words in VOCABULARY.values() for w in words})
_TRANSLATED_TITLES = ("id-only", FULL_TEXT)
"""Text policies of catalogs whose titles are in our own words; other titles are their
publisher's.
"""


def extract() -> Catalog:
    """Return every message, in the order of contexts and texts."""
    catalog = Catalog(charset="utf-8", fuzzy=False)
    for place, context, forms in sorted(_all_messages(), key=lambda f: (f[1], f[2], f[0])):
        key = forms[0] if len(forms) == 1 else forms
        catalog.add(key, context=context or None, locations=[(place, 1)])
    return catalog


def _all_messages() -> Iterator[ExtractedMessage]:
    templates = locale_dir().parent
    for folder in (Path(__file__).parents[1], templates):
        extracts = extract_from_dir(folder, _METHODS, {"**.html": _TEMPLATES}, _KEYWORDS)
        for name, _, text, _, _ in extracts:
            yield f"{folder.name}/{name}", "", text if isinstance(text, tuple) else (text,)
    yield from (("reporter/report/view/format.py", "", counted(n)) for n in (*NOUNS, *SUBJECTS))
    yield from (("reporter/report/workbook.py", "", (name,)) for name in headings())
    yield from (
        ("reporter/i18n/translate.py", WORD, (code,))
        for code in (*WORDS, *EFFECTS, *SIGNS, *_VOCABULARY)
    )
    yield from (
        ("frameworks", CONTENT, (text.strip(),)) for text in contents(loader.load()) if text
    )


def _in_code(
    file: IO[bytes], keywords: Collection[str], comment_tags: Any, options: Any
) -> Extracted:
    """Read Python as a tree: Babel's own method reads tokens and misses a call nested in two
    others.
    """
    for node in ast.walk(ast.parse(file.read())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        name = node.func.id
        args = [a.value if isinstance(a, ast.Constant) else None for a in node.args]
        texts: Sequence[str | None] = [a if isinstance(a, str) and a else None for a in args]
        if name == "count" and texts and (noun := texts[-1]):
            name, texts = "say_n", counted(noun)
        if name in keywords:
            yield node.lineno, name, texts, []


def _in_style_or_script(
    file: IO[bytes], keywords: Collection[str], comment_tags: Any, options: Any
) -> Extracted:
    for text in IN_CODE.findall(file.read().decode()):
        yield 1, "_", (text,), []


_METHODS: list[tuple[str, Any]] = [
    ("**.py", _in_code),
    ("**.html", "jinja2"),
    ("*.css", _in_style_or_script),
    ("*.js", _in_style_or_script),
]
"""How Babel reads a file, by its name."""


def contents(content: Content) -> Iterator[str]:
    """Return the texts of content files that a report prints."""
    for check in content.checks:
        yield from (check.title, check.headline, check.why, check.fix, check.fix_listed)
        yield from (*check.sentences.values(), *check.words.values())
    yield from (text for theme in content.themes for text in (theme.title, theme.role))
    yield from (*content.policy.level_names, *content.policy.level_claims)
    yield from (cap[2] for cap in content.policy.caps)
    yield from (profile.title for profile in content.profiles.values())
    yield from (text for text in (*(c.title for c in content.causes), *content.questions.values()))
    yield str(content.benchmark.get("origin", ""))
    for walk in content.crosswalks:
        yield from (walk.title, walk.source, *(row.note for row in walk.rows))
    for framework in content.frameworks:
        is_ours = framework.text_policy in _TRANSLATED_TITLES
        yield framework.note
        if origin := framework.official_text:
            yield from (origin.source, origin.licence)
        yield from (alias.note for alias in framework.aliases)
        for group in framework.groups:
            yield group.title if is_ours else ""
        for control in framework.controls:
            yield from (control.title if is_ours else "", control.paraphrase, control.ask)
            yield control.not_shown
            yield from (control.whys.get(i, "") for i, how in control.checks if how != "contextual")


def written(catalog: Catalog, header: str = HEADER) -> bytes:
    """Write messages as a gettext file: a message names its files, but no lines."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=110, omit_header=True, include_lineno=False)
    return header.encode() + buffer.getvalue()


def renewed(path: Path, template: Catalog) -> bytes:
    """Return a translation with the messages of the template, and what it already translates."""
    with path.open("rb") as file:
        translation = read_po(file, locale=path.stem)
    translation.update(template, no_fuzzy_matching=True)
    translation.obsolete.clear()
    spoken = f'"Language: {path.stem}\\n"\n"Plural-Forms: {translation.plural_forms}\\n"\n'
    return written(translation, HEADER + spoken)


def main() -> None:
    """Write messages.pot and renew every translation."""
    template = extract()
    (locale_dir() / POT).write_bytes(written(template))
    for path in sorted(locale_dir().glob("*.po")):
        path.write_bytes(renewed(path, template))


if __name__ == "__main__":
    main()
