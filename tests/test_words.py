"""Words: reports, messages, help and docs are in English that a reader in audit or security takes for native."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import reporter
from reporter import cli
from reporter.authoring import messages

ROOT = Path(__file__).parents[1]
PACKAGE = Path(reporter.__file__).parent
LONGEST = 25
"""Words of a sentence: a reader keeps no more in mind."""
HOUSE: dict[str, str] = {
    r"mend(s|ed|ing)?": "fix",
    r"verdicts?": "result",
    r"stands? (in|on|at|beside|below|above|there|nowhere|under)": "is in; blocks; compensates for",
    r"stood (in|on|at|beside|below|above|there)": "was in",
    r"(hangs?|rests?) on": "depends on, is based on",
    r"to be (built|evidenced)|to (build|evidence):": "to implement, to prove",
    r"not told": "not recorded",
    r"told by": "recognised by",
    r"nobody says": "nothing shows",
    r"somebody's word": "a statement",
    r"made good|make good": "compensated",
    r"as of before": "as before",
    r"(which|who|it|he) is no (person|agent|file|list|link|control|check|finding)": "is not a",
    r"in no (directory|register|list) that was (supplied|provided)": "not in any ... provided",
    r"First:": "Example:",
    r"in office": "in post",
    r"looked into": "investigated",
    r"cannot be told(?! apart)": "is unclear",
    r"the day that is assessed": "the assessment date",
}
"""What only we would say, as a pattern -> what a native reader expects."""
ANY = re.compile(rf"\b(?:{'|'.join(HOUSE)})(?!\w)")
"""Whether there is one at all, of all texts the quicker question."""
ALLOWED = {
    "report/oscal/oscal_observations.py": "its word in the first release: UUIDs must last",
    "report/oscal/oscal_parts.py": "the same",
    "privacy/synonyms.py": "a heading of other people's tables",
    "docs/decisions-house.md": "says which words were given up",
}
"""Places that may use such a word, with the reason."""
DOCS = sorted(
    page
    for pages in (ROOT.glob("*.md"), (ROOT / "docs").glob("*.md"), (ROOT / "sample_data").rglob("*.md"))
    for page in pages
    if page.stem != "CHANGELOG"
)  # fmt: skip
"""Every page: those that `make docs` writes hold the texts of sources, tables and catalogs."""
LISTS = r"code(?:(?:,| and| or| for) code)+|[A-Z]{3}-\d\d(?:, [A-Z]{3}-\d\d)+|\d+ [A-Z]{3}(?:, \d+ [A-Z]{3})+|\w+\.\w+(?:, \w+\.\w+)+"
"""Ids one after another, which count as one word."""


def house_words(text: str) -> list[str]:
    """Return what a text says that only we would say, each with the better word."""
    if not ANY.search(text):
        return []
    return [
        f"{match[0]!r} -> {better}"
        for word, better in HOUSE.items()
        for match in re.finditer(rf"\b(?:{word})(?!\w)", text)
    ]


def long_sentences(text: str) -> list[str]:
    """Return the sentences of over 25 words. A value counts one; what is in brackets may be left out."""
    plain = re.sub(r"\{[^{}]*\}", "X", re.sub(r"\[[^\]]*\]", "", text)).replace("**", "")
    return [s for s in re.split(r"(?<=[.!?:;])\s+", plain) if len(s.split()) > LONGEST]


def _messages() -> Iterator[tuple[str, str]]:
    for message in messages.extract():
        for text in message.id if isinstance(message.id, tuple) else (message.id,):
            if text:
                yield message.locations[0][0], text


def _help() -> Iterator[tuple[str, str]]:
    verbs = [(name, cli.main.get_command(click.Context(cli.main), name)) for name in cli.main.list_commands(click.Context(cli.main))]  # fmt: skip
    for name, verb in verbs:
        assert verb
        yield name, verb.help or ""
        for option in verb.params:
            yield f"{name} {option.name}", getattr(option, "help", None) or ""


def _strings_in_code() -> Iterator[tuple[str, str]]:
    """Yield texts of the code that somebody reads: errors and what the command line prints."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        told = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in told
            ):
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node.value


def _pages() -> Iterator[tuple[str, str]]:
    for path in DOCS:
        text = re.sub(r"^( *)```.*?^\1```", "", path.read_text("utf-8"), flags=re.M | re.S)
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"`[^`]*`", "code", text))
        for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*#|>]|\d+\.) )", text):
            for cell in paragraph.split("|") if paragraph.startswith("|") else [paragraph]:
                yield str(path.relative_to(ROOT)), re.sub(LISTS, "code", " ".join(cell.split()))


@functools.cache
def read(kind: str) -> tuple[tuple[str, str], ...]:
    """Return the texts of a kind, each with its place."""
    return tuple(READ[kind]())


READ = {"messages": _messages, "help": _help, "code": _strings_in_code, "pages": _pages}


@pytest.mark.parametrize("kind", READ)
def test_nothing_is_said_in_words_that_only_we_use(kind: str) -> None:
    found = [
        f"{place}: {word} in {text[:90]!r}"
        for place, text in read(kind)
        if place.split(":")[0] not in ALLOWED
        for word in house_words(text)
    ]
    assert found == []


@pytest.mark.parametrize("kind", ["messages", "help", "pages"])
def test_no_sentence_is_longer_than_a_reader_keeps_in_mind(kind: str) -> None:
    assert [f"{at}: {s}" for at, t in read(kind) for s in long_sentences(t)] == []


@pytest.mark.parametrize(
    ("text", "words", "sentences"),
    [
        ("The verdict rests on nothing that stands in the log.", 3, 0),
        ("The result depends on nothing in the log.", 0, 0),
        ("word " * 26, 0, 1),
        ("word " * 25, 0, 0),
        ("word " * 20 + "[" + "word " * 20 + "]", 0, 0),
    ],
)
def test_a_planted_text_is_found(text: str, words: int, sentences: int) -> None:
    assert (len(house_words(text)), len(long_sentences(text))) == (words, sentences)
