"""The house style that a tool can check: layers, length of files and functions, first words, no clock, no swallowed error."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAX_FILE, MAX_FUNCTION = 600, 60
DOOR = "cli.py"
"""Where the clock is asked and a defect becomes a message."""
CLOCKS = ("now", "today", "utcnow", "time", "localtime", "gmtime", "getenv", "environ", "random", "uuid4")  # fmt: skip
CLOCKED = ("time", "datetime", "date", "os", "random", "uuid")
Nodes = Sequence[ast.AST]
"""A module and all that is in it."""


def test_each_room_imports_only_from_those_below_it() -> None:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _too_long(name: str, text: str, nodes: Nodes) -> Iterator[str]:
    n = len(text.splitlines())
    if n > MAX_FILE:
        yield f"{name} has {n} lines; a file holds one idea, in at most {MAX_FILE}"
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno:
            n = node.end_lineno - node.lineno + 1
            if n > MAX_FUNCTION:
                yield f"{name}:{node.lineno} {node.name} has {n} lines; at most {MAX_FUNCTION}"


def _says_nothing(name: str, text: str, nodes: Nodes) -> Iterator[str]:
    tree = nodes[0]
    assert isinstance(tree, ast.Module)
    doc = ast.get_docstring(tree)
    if tree.body and not doc:
        yield f"{name} does not begin with what goes in and what comes out"
    if len((doc or "").splitlines()) > 5:
        yield f"{name} begins with more than five lines"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name[0] != "_" and not ast.get_docstring(node):  # fmt: skip
            yield f"{name}:{node.lineno} {node.name} is public and does not say what it does"


def _asks_the_clock(name: str, text: str, nodes: Nodes) -> Iterator[str]:
    for node in nodes:
        if (
            isinstance(node, ast.Attribute)
            and node.attr in CLOCKS
            and isinstance(node.value, ast.Name)
            and node.value.id in CLOCKED
        ):
            yield f"{name}:{node.lineno} asks {node.value.id}.{node.attr} below the command line"


def _swallows(name: str, text: str, nodes: Nodes) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.ExceptHandler) and (
            node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception")
        ):
            yield f"{name}:{node.lineno} catches every exception"


RULES = {
    "length": (_too_long, ()),
    "first words": (_says_nothing, ()),
    "clock": (_asks_the_clock, (DOOR,)),
    "errors": (_swallows, (DOOR,)),
}
"""What a module keeps to, and which of them need not."""


@functools.cache
def _broken() -> dict[str, list[str]]:
    """Return what is against each rule; each module is parsed once for all of them."""
    against: dict[str, list[str]] = {rule: [] for rule in RULES}
    for path in sorted((ROOT / "reporter").rglob("*.py")):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
        nodes = [*ast.walk(ast.parse(text))]
        for rule, (broken, free) in RULES.items():
            if path.name not in free:
                against[rule] += broken(name, text, nodes)
    return against


@pytest.mark.parametrize("rule", RULES)
def test_every_module_keeps_to_the_style(rule: str) -> None:
    assert _broken()[rule] == []
