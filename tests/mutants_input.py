"""Break intake, derived tables, assessment and checks in small ways and see whether a test notices. In: files, a sample. Out: a verdict.

usage: python tests/mutants_input.py [--sample N] [--seed N] [FILE ...]     (files of reporter/ or checks; without: all of MODULES)

mutmut cannot change SQL that stands in strings, where most of this code is. So words of SQL in strings of Python, SQL of checks,
and comparisons of Python are changed one at a time in a copy of the project, and the tests of TESTS run on it. A change that no
test notices is a hole in the tests, or changes nothing that counts; docs/mutants.md says how to tell.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = (
    "reporter/assess.py",
    *(f"reporter/ingest/{name}.py" for name in (
        "actors", "breaches", "decisions", "delegations", "feeds", "items", "load", "names", "observed", "scope", "tables", "tiers",
    )),
)  # fmt: skip
"""What makes cells of records; readers and recognition have their own goldens."""
CHECKS = "frameworks/checks/"
EXAMPLES = "tests/test_content.py::test_the_examples_of_a_check_give_what_they_say"
USUAL = ("tests/test_honesty.py", "tests/test_feeds.py", EXAMPLES)
TESTS = {
    "assess": ("tests/test_assess.py", "tests/test_honesty.py"),
    "feeds": ("tests/test_feeds.py", "tests/test_honesty.py"),
    "scope": ("tests/test_scope.py",),
    "names": ("tests/test_names.py",),
    "delegations": ("tests/test_delegations.py",),
    "decisions": ("tests/test_decisions.py",),
    "tiers": ("tests/test_agents.py", "tests/test_honesty.py"),
    "load": ("tests/test_files.py", "tests/test_bad_input.py"),
}
"""Module -> the quick tests that are to notice; the examples of all checks come after them."""
SQL = re.compile(r"\b(SELECT|WHERE|JOIN|CASE|GROUP BY|count\(|min\(|max\(|bool_or\()")
SWAPS = (
    (r"\bmin\(", "max("), (r"\bmax\(", "min("), (r"\bMIN\(", "MAX("), (r"\bMAX\(", "MIN("),
    (r"\bbool_or\(", "bool_and("), (r"\bbool_and\(", "bool_or("), (r"\barg_min\(", "arg_max("),
    (r"\bAND\b", "OR"), (r"\bOR\b", "AND"), (r"\bWHERE\b", "WHERE TRUE OR"), (r"\bIS NULL\b", "IS NOT NULL"),
    (r"\bIS NOT NULL\b", "IS NULL"), (r"\bcount\(", "0 * count("), (r"\bCOUNT\(", "0 * COUNT("), (r"\bsum\(", "0 * sum("),
    (r"\bSUM\(", "0 * SUM("), (r"count\(DISTINCT ", "count("), (r"\bSELECT DISTINCT\b", "SELECT"), (r"\bLEFT JOIN\b", "JOIN"),
    (r"(?<![<>=])<(?![=>])", "<="), (r"<=", "<"), (r"(?<![<=-])>(?!=)", ">="), (r">=", ">"), (r"<>", "="), (r"\bNOT (?!NULL|EXISTS)", ""),
    (r"\bTRUE\b", "FALSE"), (r"\bFALSE\b", "TRUE"),
)  # fmt: skip
COMPARED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.In: (" in ", " not in "), ast.NotIn: (" not in ", " in "),
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: a span of a file and what stands there instead."""

    file: str
    start: int
    end: int
    new: str

    def applied(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]

    def told(self, text: str) -> str:
        line = text.count("\n", 0, self.start) + 1
        around = text[max(0, self.start - 40) : self.end + 40].replace("\n", " ")
        return f"{self.file}:{line}: {text[self.start : self.end]!r} -> {self.new!r} in ... {around} ..."


def main(words: list[str]) -> int:
    """Run the mutants of some files, or a sample of them; name what no test noticed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", default=list(MODULES))
    parser.add_argument(
        "--sample", type=int, default=0, help="so many of all mutants, drawn at random"
    )
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(words)
    made = [m for file in given.files for m in mutants(file)]
    if given.sample and given.sample < len(made):
        made = sorted(random.Random(given.seed).sample(made, given.sample), key=lambda m: (m.file, m.start))  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        copy = _copy(Path(name) / "project")
        alive = list(_survivors(made, copy))
    print(f"{len(made)} mutants: {len(made) - len(alive)} noticed, {len(alive)} alive")
    return 1 if alive else 0


def mutants(file: str) -> Iterator[Mutant]:
    """Yield every change of a file, in its order."""
    text = (ROOT / file).read_text(encoding="utf-8")
    if file.endswith(".yml"):
        begin = text.index("\nsql: |")
        ends = re.search(r"^(?!sql:)\S", text[begin + 1 :], re.MULTILINE)
        spans = [(begin, begin + 1 + ends.start() if ends else len(text))]
        yield from _in_sql(file, text, spans)
        return
    tree = ast.parse(text)
    found = [*_in_sql(file, text, _strings(tree, text)), *_in_python(file, text, tree)]
    yield from sorted(set(found), key=lambda m: (m.start, m.new))


def _strings(tree: ast.Module, text: str) -> list[tuple[int, int]]:
    """Find the strings that hold SQL: those that look like it, and what stands in one with them."""
    at = _offsets(text)
    docs = {id(n.body[0].value) for n in ast.walk(tree) if isinstance(n, (ast.Module, ast.FunctionDef, ast.ClassDef))
            and n.body and isinstance(n.body[0], ast.Expr)}  # fmt: skip
    spans = []
    for node in ast.walk(tree):
        whole = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))  # fmt: skip
        if whole and id(node) not in docs and isinstance(node, ast.expr):
            span = (at(node.lineno, node.col_offset), at(node.end_lineno or 0, node.end_col_offset or 0))  # fmt: skip
            if SQL.search(text[slice(*span)]):
                spans.append(span)
    return spans


def _offsets(text: str):  # type: ignore[no-untyped-def]
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    return lambda line, column: starts[line - 1] + len(lines[line - 1].encode()[:column].decode())


def _in_sql(file: str, text: str, spans: Iterable[tuple[int, int]]) -> Iterator[Mutant]:
    for start, end in spans:
        for pattern, new in SWAPS:
            for hit in re.finditer(pattern, text[start:end]):
                yield Mutant(file, start + hit.start(), start + hit.end(), new)


def _in_python(file: str, text: str, tree: ast.Module) -> Iterator[Mutant]:
    at = _offsets(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
            old, new = COMPARED[type(node.ops[0])]
            start = at(node.left.end_lineno, node.left.end_col_offset)
            place = text.find(old, start, at(node.comparators[0].lineno, node.comparators[0].col_offset))  # fmt: skip
            if place >= 0:
                yield Mutant(file, place, place + len(old), new)
        if isinstance(node, ast.BoolOp):
            old, new = (" and ", " or ") if isinstance(node.op, ast.And) else (" or ", " and ")
            start = at(node.values[0].end_lineno, node.values[0].end_col_offset)
            place = text.find(old, start, at(node.values[1].lineno, node.values[1].col_offset))
            if place >= 0:
                yield Mutant(file, place, place + len(old), new)


def _copy(folder: Path) -> Path:
    """Copy what the tests need; what they only read is linked."""
    folder.mkdir()
    for name in ("reporter", "frameworks", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.iterdir():
        if not (folder / path.name).exists() and path.name not in (".git", ".venv", "runs", "mutants"):  # fmt: skip
            (folder / path.name).symlink_to(path)
    return folder


def _survivors(made: Iterable[Mutant], copy: Path) -> Iterator[Mutant]:
    for n, mutant in enumerate(made, 1):
        path = copy / mutant.file
        whole = path.read_text(encoding="utf-8")
        path.write_text(mutant.applied(whole), encoding="utf-8")
        started = time.monotonic()
        noticed = any(not _passes(copy, tests) for tests in _tests(mutant.file))
        path.write_text(whole, encoding="utf-8")
        print(f"{n:>4} {'noticed ' if noticed else 'SURVIVED'} {time.monotonic() - started:5.1f} s  {mutant.told(whole)}", flush=True)  # fmt: skip
        if not noticed:
            yield mutant


def _tests(file: str) -> list[tuple[str, ...]]:
    """Return the runs of tests for a file, the quick ones first."""
    if file.startswith(CHECKS):
        check = re.match(r"[A-Z]+-\d+", Path(file).name)
        return [(EXAMPLES, "-k", check[0] if check else ""), ("tests/test_reasons.py",)]
    own = tuple(t for t in TESTS.get(Path(file).stem, USUAL) if (ROOT / t.partition("::")[0]).is_file())  # fmt: skip
    return [own, (EXAMPLES,)] if EXAMPLES not in own else [own]


def _passes(copy: Path, tests: tuple[str, ...]) -> bool:
    words = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests)
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(words, cwd=copy, env=env, capture_output=True, timeout=600)
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 1, 2, 3):
        raise SystemExit(done.stdout.decode() + done.stderr.decode())
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
