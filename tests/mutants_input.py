"""Break intake, derived tables, assessment and checks in small ways and see whether a test notices. In: files, a sample. Out: a result.

usage: python tests/mutants_input.py [--sample N] [--seed N] [FILE ...] [--tests NAME ...]     (files of reporter/, checks or models; without: all of MODULES)

mutmut cannot change SQL that stands in strings, where most of this code is. So words of SQL in strings of Python, SQL of checks,
and comparisons of Python are changed one at a time. Tests are collected once; each mutant is a fork of that process in which the
functions and constants of one module are replaced, and the tests of TESTS run until one fails: those that failed before come first.
A change that no test notices is a hole in the tests, or changes nothing that counts; docs/mutants.md says how to tell.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import ctypes
import importlib
import inspect
import json
import os
import random
import re
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from reporter.content import loader
from reporter.content.kinds.check_files import read_check
from reporter.schema import model_files
from reporter.transform import dag

ROOT = Path(__file__).parents[1]
MODULES = (
    "reporter/evaluate/runner.py",
    *(f"reporter/transform/{name}.py" for name in ("derive", "approved_scope", "conflicts", "identity", "log_coverage")),
    *(f"frameworks/models/{name}.sql" for name in (
        "activity", "logged_activity", "granted_effects", "agent_identities", "identifiers", "event_actors", "data_use", "reach", "callers",
        "versions", "feed_delivery", "feed_gaps", "feed_clocks", "coverage", "delegation_roots", "delegation_chains", "session_chains",
        "starting_sessions", "right_uses", "graver_uses", "approval_lag", "entitlement_usage", "risk_attributes", "risk_tiers", "factors", "tool_effects",
        "approved_scope", "scoped_events", "deviations", "scope_runs",
    )),
    "reporter/ingest/load.py", "reporter/ingest/detect.py", "reporter/ingest/readers/records.py",
    "reporter/evaluate/possible_agents.py", "reporter/evaluate/unassessed.py", "reporter/content/sql_policy.py",
    "reporter/content/source_policy.py", "reporter/content/sql_tree.py", "reporter/engine/sandbox.py",
)  # fmt: skip
"""What makes results of records; readers and recognition have their own goldens."""
CHECKS = "frameworks/checks/"
TESTS: dict[str, tuple[str, ...]] = {
    "identity": ("names", "derived", "derived_rows"), "runner": ("derived_rows", "honesty", "failing_checks"),
    "sandbox": ("walls", "limits"), "approval_lag": ("derived_rows", "decisions"),
    **dict.fromkeys(("delegation_roots", "delegation_chains", "session_chains", "starting_sessions"), ("delegations",)),
    **dict.fromkeys(("log_coverage", "feed_delivery", "feed_gaps", "feed_clocks", "coverage"), ("derived_rows", "feeds", "observed", "relabelled")),
    **dict.fromkeys(("right_uses", "graver_uses"), ("derived_rows",)),
    **dict.fromkeys(("agent_identities", "identifiers", "event_actors"), ("names", "derived", "derived_rows")),
    **dict.fromkeys(("granted_effects", "logged_activity", "data_use", "callers", "versions", "derive"), ("derived_rows", "observed", "derived")),
    **dict.fromkeys(("tool_effects", "scoped_events", "deviations", "scope_runs"), ("scope",)), "reach": ("reach", "derived_rows", "derived"),
    "possible_agents": ("relabelled", "evasions"), "records": ("derived_numbers",), "load": ("files", "derived"),
    "conflicts": ("names",), "entitlement_usage": ("observed", "derived_numbers"), "detect": ("readers", "reconsider", "sources"),
    "approved_scope": ("scope",), "sql_policy": ("sql", "walls"),
    "source_policy": ("sql", "walls"), "sql_tree": ("sql", "walls"), "activity": ("derived_rows", "observed", "derived"),
    **dict.fromkeys(("risk_attributes", "risk_tiers", "factors"), ("derived_numbers",)), "unassessed": ("failing_checks",),
}  # fmt: skip
"""Module -> the quick files of tests that are to notice; the examples of checks come after them."""
EXAMPLES = "tests/test_content.py"
WHOLE = {"results_of", "stripped", "good_run", "sample_run", "good", "failing"}
"""Fixtures of whole companies: tests that need one are left out, for they take seconds."""
READ_BY: dict[str, str] = {
    "actors": "INV-02 OWN-02 IDN-02", "runner": "INV-02 CRD-02 ENT-05 APR-02 MON-01", "violations": "GOV-02 MON-04 RUN-11",
    "approval_lag": "APR-07", "delegation_chains": "APR-08 AUD-03", "feed_clocks": "AUD-07", "feed_delivery": "AUD-01 MON-01", "keys": "CRD-02 IDN-06",
    "graver_uses": "ENT-05 REC-01", "possible_agents": "INV-02 AUD-01", "right_uses": "ENT-05", "scope_runs": "PUR-03", "unassessed": "INV-02 MON-01",
    "activity": "ENT-06 REC-01", "callers": "REC-01", "versions": "SUP-03", "data_use": "CHG-03 REV-03",
}  # fmt: skip
"""Module -> checks whose examples come after its tests, for they read what it makes."""
SLOWEST = 20.0
"""Seconds: a test that takes longer is left out, and so is what fails unchanged."""
SQL = re.compile(r"\b(SELECT|WHERE|JOIN|CASE|GROUP BY|count\(|min\(|max\(|bool_or\()")
SWAPS = (
    (r"\bmin\(", "max("), (r"\bmax\(", "min("), (r"\bMIN\(", "MAX("), (r"\bMAX\(", "MIN("),
    (r"\bbool_or\(", "bool_and("), (r"\bbool_and\(", "bool_or("), (r"\barg_min\(", "arg_max("),
    (r"\bAND\b", "OR"), (r"\bOR\b", "AND"), (r"\bWHERE\b", "WHERE TRUE OR"), (r"\bIS NULL\b", "IS NOT NULL"),
    (r"\bIS NOT NULL\b", "IS NULL"), (r"\bcount\(", "0 * count("), (r"\bCOUNT\(", "0 * COUNT("), (r"\bsum\(", "0 * sum("),
    (r"\bSUM\(", "0 * SUM("), (r"count\(DISTINCT ", "count("), (r"\bSELECT DISTINCT\b", "SELECT"), (r"\bLEFT JOIN\b", "JOIN"),
    (r"(?<![<>=])<(?![=>])", "<="), (r"<=", "<"), (r"(?<![<=-])>(?!=)", ">="), (r">=", ">"), (r"<>", "="), (r"\bNOT (?!NULL|EXISTS)", ""),
    (r"\bTRUE\b", "FALSE"), (r"\bFALSE\b", "TRUE"), (r"\bTHEN [1-9]\b", "THEN 0"), (r"\bAND (?=[\w.]+ IS )", "AND TRUE OR "),
)  # fmt: skip
NAMED = (
    ("reporter/content/sql_policy.py", "    _refuse_foreign_syntax(tree, place)\n", ""),
    ("reporter/content/sql_policy.py", "        _demand_outputs(outputs, sentences, params, place)\n", ""),
    ("reporter/engine/sandbox.py", "    resource.setrlimit(resource.RLIMIT_AS, (roof, roof))\n", ""),
    ("frameworks/models/observed.sql", " u.approved_at IS NULL OR u.approved_at > u.first_at THEN 1 END)", " FALSE THEN 1 END)"),
    ("frameworks/models/observed.sql", "max(date_diff('day', u.first_at", "min(date_diff('day', u.first_at"),
    ("frameworks/models/factors.sql", " 'shared' THEN 2 ELSE 0 END", " 'shared' THEN 1 ELSE 0 END"),
    ("frameworks/models/factors.sql", "WHEN s.is_shared OR a.principal_id IS NULL THEN 2", "WHEN s.is_shared OR a.principal_id IS NULL THEN 1"),
)  # fmt: skip
"""Holes that the tests once had, tried each time: (file, what stands there, what instead)."""
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
    parser.add_argument(
        "--tests", nargs="+", help="names of files of tests, instead of those of TESTS"
    )
    given = parser.parse_args(words)
    TESTS.update({Path(file).stem: tuple(given.tests) for file in given.files if given.tests})
    made = [m for file in given.files for m in mutants(file)]
    if given.sample and given.sample < len(made):
        made = sorted(random.Random(given.seed).sample(made, given.sample), key=lambda m: (m.file, m.start))  # fmt: skip
    made += [_named(*n) for n in NAMED if n[0] in given.files]
    # The tests are collected for one module at a time: what is imported and read by then, no mutant pays for.
    by_file = {file: [m for m in made if m.file == file] for file in dict.fromkeys(m.file for m in made)}  # fmt: skip
    alive = 0
    for file, some in by_file.items():
        with tempfile.TemporaryDirectory(
            prefix="mutants-"
        ) as folder:  # forks that are killed leave files
            pid = os.fork()
            if not pid:
                tempfile.tempdir = folder
                os._exit(_run_module(file, some))
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code < 0 or code > MOST_TOLD:
            raise SystemExit(f"{file}: the tests could not be run")
        alive += code
    print(f"{len(made)} mutants: {len(made) - alive} noticed, {alive} alive")
    return 1 if alive else 0


def _named(file: str, old: str, new: str) -> Mutant:
    start = (ROOT / file).read_text(encoding="utf-8").index(old)
    return Mutant(file, start, start + len(old), new)


def mutants(file: str) -> Iterator[Mutant]:
    """Yield every change of a file, in its order."""
    text = (ROOT / file).read_text(encoding="utf-8")
    if file.endswith(".yml"):
        begin = text.index("\nsql: |")
        ends = re.search(r"^(?!sql:)\S", text[begin + 1 :], re.MULTILINE)
        spans = [(begin, begin + 1 + ends.start() if ends else len(text))]
        yield from _in_sql(file, text, spans)
        return
    if file.endswith(".sql"):
        yield from _in_sql(file, text, [(re.match(r"(--.*\n)*", text).end(), len(text))])  # type: ignore[union-attr]
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


MOST_TOLD = 200
"""Of survivors, in the exit code of a fork; one more says that no test could be run."""


def _run_module(file: str, made: list[Mutant]) -> int:
    """Run the mutants of one file in forks of a process that has collected its tests; return how many lived."""
    runner = _Runner(file, made)
    stem = Path(file).stem
    files = [f"tests/test_{name}.py" for name in TESTS.get(stem, ("derived_numbers",))]
    files = [name for name in files if (ROOT / name).is_file()]
    check = re.match(r"[A-Z]+-\d+", stem)
    examples = [EXAMPLES] if check or stem in READ_BY else []
    words = ["-q", "-p", "no:cacheprovider", "--capture=sys", *([] if check else files), *examples]
    os.chdir(ROOT)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        pytest.main(words, plugins=[runner])
    return min(runner.alive, MOST_TOLD) if runner.ran else MOST_TOLD + 1


class _Runner:
    """A plugin of pytest: instead of the tests, runs each mutant in a fork that runs them."""

    def __init__(self, file: str, made: list[Mutant]) -> None:
        self.file, self.made, self.alive, self.ran = file, made, 0, False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        stem = Path(self.file).stem
        check = re.match(r"[A-Z]+-\d+", stem)
        ids = [check[0]] if check else READ_BY.get(stem, "").split()
        if ids:
            loader.load()  # once for all mutants
        quick = [i for i in session.items if not WHOLE & set(getattr(i, "fixturenames", ()))]
        own = [i for i in quick if "test_content.py" not in i.nodeid]
        examples = [i for i in session.items if any(i.nodeid.endswith(f"examples_of_a_check_give_what_they_say[{n}]") for n in ids)]  # fmt: skip
        session.items = [*own, *examples]
        items, seconds = self._timed(session.items)
        self.ran = bool(items)
        self._tell(f"{self.file}: {len(items)} tests, {seconds:.0f} s")
        if not items:
            return True
        text = (ROOT / self.file).read_text(encoding="utf-8")
        for n, mutant in enumerate(self.made, 1):
            started = time.monotonic()
            [noticed] = _forked(lambda m=mutant: [_first_failure(items, lambda: _change(m, text))], max(60, 5 * seconds)) or [-2]  # fmt: skip
            took = time.monotonic() - started
            if noticed >= 0:
                items.insert(0, items.pop(noticed))
            by = {-1: "SURVIVED", -2: "broke off or took too long"}.get(noticed) or f"noticed by {items[0].name}"  # fmt: skip
            self.alive += noticed == -1
            self._tell(f"{n:>4} {took:5.1f} s  {by}: {mutant.told(text)}")
        return True

    def _timed(self, items: list[pytest.Item]) -> tuple[list[pytest.Item], float]:
        """Leave out what fails unchanged or takes too long, and put quick ones first."""
        times = _forked(lambda: _times(items), 900) or []
        kept = sorted((t, n) for n, t in enumerate(times) if 0 <= t < SLOWEST)
        return [items[n] for _, n in kept], sum(t for t, _ in kept)

    def _tell(self, text: str) -> None:
        print(text, file=sys.__stderr__, flush=True)


def _forked(work: Callable[[], list[Any]], patience: float) -> list[Any] | None:
    """Return what work gives in a fork of this process; None if it takes too long or breaks down."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.setsid()
        with contextlib.suppress(OSError, AttributeError):  # Linux: no fork outlives who started it
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        os.write(writing, json.dumps(work()).encode())
        os._exit(0)
    os.close(writing)
    said = b""
    until = time.monotonic() + patience
    with contextlib.closing(os.fdopen(reading, "rb", buffering=0)) as pipe:
        while select.select([pipe], [], [], max(0, until - time.monotonic()))[0]:
            part = pipe.read(65536)
            if not part:
                break
            said += part
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return json.loads(said) if said else None


def _times(items: list[pytest.Item]) -> list[float]:
    """Run each test; how long it took, -1 if it failed or was left out."""
    took = []
    for n, item in enumerate(items):
        started = time.monotonic()
        good = _passes(item, items[n + 1] if n + 1 < len(items) else None)
        took.append(time.monotonic() - started if good else -1)
    return took


def _first_failure(items: list[pytest.Item], change: Callable[[], None]) -> int:
    """Which test notices a change; -1 for none."""
    change()
    for n, item in enumerate(items):
        if not _passes(item, items[n + 1] if n + 1 < len(items) else None):
            return n
    return -1


def _passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    reports = runtestprotocol(item, log=False, nextitem=following)
    return all(r.passed for r in reports)


def _change(mutant: Mutant, text: str) -> None:
    """Replace in this process what a change of one file alters: a check, or functions, methods and constants of a module."""
    changed = mutant.applied(text)
    if mutant.file.endswith(".yml"):
        _change_check(mutant.file, changed)
        return
    if mutant.file.endswith(".sql"):
        _change_model(mutant.file, changed)
        return
    name = mutant.file.removesuffix(".py").replace("/", ".")
    module = importlib.import_module(name)
    made: dict[str, Any] = {**{k: v for k, v in vars(module).items() if k.startswith("__")}}
    exec(compile(changed, str(ROOT / mutant.file), "exec"), made)  # noqa: S102
    if name == "reporter.engine.sandbox":
        module.__file__ = str(_on_disk(mutant.file, changed))
    for key, new in made.items():
        if not key.startswith("__") and key in vars(module):
            _replace(module, key, vars(module)[key], new)


def _on_disk(file: str, changed: str) -> Path:
    """Copy the program with a changed file, for processes that it starts."""
    folder = Path(tempfile.mkdtemp())
    for path in ROOT.iterdir():
        if path.name != "reporter":
            (folder / path.name).symlink_to(path)
    shutil.copytree(ROOT / "reporter", folder / "reporter", ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    (folder / file).write_text(changed, encoding="utf-8")
    return folder / file


def _replace(module: ModuleType, key: str, old: Any, new: Any) -> None:
    plain_old, plain_new = inspect.unwrap(old), inspect.unwrap(new)
    if isinstance(plain_old, FunctionType):
        if plain_old.__module__ == module.__name__:
            plain_old.__code__ = plain_new.__code__
            plain_old.__defaults__ = plain_new.__defaults__
    elif isinstance(old, type) and old.__module__ == module.__name__:
        for name, member in vars(old).items():
            fresh = inspect.unwrap(vars(new).get(name, member))
            plain = isinstance(member, FunctionType) and isinstance(fresh, FunctionType)
            if plain and member.__code__.co_freevars == fresh.__code__.co_freevars:
                member.__code__ = fresh.__code__
    elif not isinstance(old, ModuleType) and new != old:
        for other in list(sys.modules.values()):
            if getattr(other, key, None) is old:
                setattr(other, key, new)


def _change_check(file: str, changed: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(file).name
        path.write_text(changed, encoding="utf-8")
        new = read_check(path)
    whole = loader.load()
    old = next(c for c in whole.checks if c.id == new.id)
    vars_of = tuple(replace(new, place=old.place) if c.id == new.id else c for c in whole.checks)
    content = replace(whole, checks=vars_of)
    loader.load = lambda *more, **how: content


def _change_model(file: str, changed: str) -> None:
    """The models that ship are read once, and kept by name in two tables."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(file).name
        path.write_text(changed, encoding="utf-8")
        new = model_files.read_model(path)
    for kept in (model_files.shipped(), dag.models()):
        dict.__setitem__(kept, new.name, new)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
