"""The house: packages of a size that one can know, names that stand once, docstrings that name errors, checks of a length."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from statistics import median

import reporter
from reporter.content import loader

PACKAGE = Path(reporter.__file__).parent
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p.name != "__init__.py")
MOST_MODULES, LONGEST_CHECK, USUAL_CHECK = 12, 120, 40
OURS = ("Error", "Errors", "Stopped")
"""How the names of what we raise end."""


def test_no_file_name_stands_twice() -> None:
    names = Counter(p.stem for p in MODULES)
    assert [name for name, n in names.items() if n > 1] == []


def test_a_package_has_at_most_a_dozen_modules() -> None:
    sizes = Counter(p.parent.relative_to(PACKAGE).as_posix() for p in MODULES)
    crowded = {place: n for place, n in sizes.items() if n > MOST_MODULES}
    assert crowded == {}


def test_every_public_function_names_what_it_raises() -> None:
    silent = []
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name[0] != "_"]
        for node in (*tree.body, *(n for c in classes for n in c.body)):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                told = ast.get_docstring(node) or ""
                silent += [f"{path.name}: {node.name}: {e}" for e in _raised(node) if e not in told]
    assert silent == []


def _raised(function: ast.FunctionDef) -> set[str]:
    """Return the errors of ours that a function raises itself."""
    raised = (n.exc for n in ast.walk(function) if isinstance(n, ast.Raise) and n.exc)
    called = (e.func for e in raised if isinstance(e, ast.Call))
    return {c.id for c in called if isinstance(c, ast.Name) and c.id.endswith(OURS)}


def test_a_check_can_be_read_in_one_look() -> None:
    lengths = {c.id: len(c.sql.strip().splitlines()) for c in loader.load().checks}
    assert [i for i, n in lengths.items() if n > LONGEST_CHECK] == []
    assert median(lengths.values()) <= USUAL_CHECK


def test_no_check_builds_a_sentence() -> None:
    """SQL gives data; words stand in the YAML, where they are translated."""
    for check in loader.load().checks:
        assert check.reasons and set(check.reasons) <= {"fail", "unknown", "pass"}, check.id
        assert not re.findall(r"'[^'%\n]*[a-z] [a-z][^'%\n]*'", check.sql), check.id
        for code, sentence in check.sentences.items():
            assert not sentence.endswith(".") and not sentence[:2].istitle(), (check.id, code)
