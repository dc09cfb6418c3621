"""Break the scorer in every small way and see whether a test notices. In: docs/mutants.md. Out: a result, 1 if one is unexplained.

usage: python tests/mutants.py [NAME ...]      (names of mutants as mutmut writes them, `*` allowed; without: all, from scratch)

mutmut makes the changes and runs the tests that [tool.mutmut] of pyproject.toml names. A change that no test notices has to
stand on the page, told by its function and its new line, so that moving code moves no entry.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

PAGE = Path("docs/mutants.md")
MUTMUT = (sys.executable, "-m", "mutmut")
NOTICED = {"killed", "timeout", "caught by type check"}


def main(names: list[str]) -> int:
    """Run mutmut in the folder of the project; name what survived."""
    if not names:
        shutil.rmtree("mutants", ignore_errors=True)
    subprocess.run([*MUTMUT, "run", *names], check=True)
    results = dict(re.findall(r"^ +(\S+): (.+)$", _said("results", "--all", "true"), re.MULTILINE))
    run = {name: result for name, result in results.items() if result != "not checked"}
    alive = {_key(name): name for name, result in run.items() if result not in NOTICED}
    explained = set(
        re.findall(r"^\w+\.\w[\w.]*: .+$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    )
    new, gone = sorted(alive.keys() - explained), sorted(explained - alive.keys())
    for key in sorted(alive.keys() & explained):
        print(f"explained  {key}")
    for key in new:
        print(f"SURVIVED   {key}   ({alive[key]}: {run[alive[key]]})")
    if not names:
        for key in gone:
            print(f"OUTDATED   {key}   (on the page, but noticed or not made)")
    noticed = sum(result in NOTICED for result in run.values())
    print(
        f"{len(run)} mutants: {noticed} noticed, {len(run) - noticed} alive, {len(new)} unexplained"
    )
    return 1 if new or not run or (gone and not names) else 0


def _key(name: str) -> str:
    """Tell a mutant by its function and its new line; by the line it lacks if it has none."""
    module, _, mangled = name.removeprefix("reporter.score.").partition(".")
    function = re.sub(r"__mutmut_\d+$", "", mangled).removeprefix("x").strip("ǁ").replace("ǁ", ".")
    function = function.removeprefix("_") if "ǁ" not in mangled else function
    lines = re.findall(r"^([+-])(?!\+\+|--)(.*)$", _said("show", name), re.MULTILINE)
    new = [text.strip() for sign, text in lines if sign == "+"] or [
        "(without) " + text.strip() for _, text in lines
    ]
    return f"{module}.{function}: {' '.join(new)}"


def _said(*words: str) -> str:
    return subprocess.run([*MUTMUT, *words], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
