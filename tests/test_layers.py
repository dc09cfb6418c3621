"""The house style that a tool can check: layers, doors to libraries, length of files and functions, no clock."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "reporter").rglob("*.py"))
NAMES = [p.relative_to(ROOT).as_posix() for p in FILES]
MAX_FILE, MAX_FUNCTION = 400, 40
STILL_LONG_FUNCTIONS = {
    "load": 46, "read_check": 47, "_stage": 50, "stream": 41,
}  # fmt: skip
"""Functions of catalog, spool, stream and tables that wait to be split; they may shrink, not grow."""


def test_each_room_imports_only_from_those_below_it() -> None:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_function_is_short_enough_to_read(path: Path) -> None:
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno
    }
    most = STILL_LONG_FUNCTIONS
    assert {name: n for name, n in long.items() if n > most.get(name, MAX_FUNCTION)} == {}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_says_what_it_does(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    doc = ast.get_docstring(tree)
    assert doc or not tree.body, "a module begins with what goes in and what comes out"
    assert len((doc or "").splitlines()) <= 5
    public = [n for n in tree.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
    assert [n.name for n in public if not ast.get_docstring(n)] == []


CLOCKS = {
    "now",
    "today",
    "utcnow",
    "time",
    "localtime",
    "gmtime",
    "getenv",
    "environ",
    "random",
    "uuid4",
}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_nothing_below_the_command_line_asks_the_clock_or_the_environment(path: Path) -> None:
    if path.name == "cli.py":
        return
    asked = [
        node.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in CLOCKS
        and isinstance(node.value, ast.Name)
        and node.value.id in ("time", "datetime", "date", "os", "random", "uuid")
    ]
    assert asked == []


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_no_error_is_swallowed(path: Path) -> None:
    wide = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception"))
    ]
    assert wide == [] or path.name == "cli.py"
