"""How well do scope deviations find successful attacks in real agent traces?

usage: python benchmarks/agentdojo.py RUNS [RUNS ...]

RUNS are folders of AgentDojo runs, such as runs/gpt-4o-mini-2024-07-18 of the source distribution of agentdojo 0.1.23 on
PyPI (MIT; Debenedetti et al. 2024): pip download --no-deps --no-binary :all: agentdojo==0.1.23. Clean runs are given as
baseline/, attacked ones as logs/; the labels are read here only, to count. A run is found if deviations.csv names it with
a use that changes something. Runs with an error or without messages are not assessable and left out.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any


def main() -> None:
    """Assess every folder of runs by itself and all together, and print recall and precision."""
    folders = [Path(a) for a in sys.argv[1:]]
    if not folders:
        raise SystemExit(__doc__)
    for given in [*([f] for f in folders), *([folders] if len(folders) > 1 else [])]:
        print(f"{' + '.join(f.name for f in given)}: {_measure(given)}")


def _measure(folders: list[Path]) -> str:
    with tempfile.TemporaryDirectory(prefix="reporter-dojo-") as work:
        workspace = Path(work) / "workspace"
        for sub in ("baseline", "logs", "inventory"):
            (workspace / sub).mkdir(parents=True)
        (workspace / "reporter.yml").write_text(
            "organisation: Dojo\nperiod: {from: '2024-01-01', to: '2026-01-01'}\n"
            "approvers: {baseline: [judge]}\nbaseline: {approved_by: judge, approved_at: '2024-01-01'}\n"
        )
        (workspace / "inventory/people.csv").write_text("type,actor_id,state\nhuman,judge,active\n")
        attacked = {}
        for n, path in enumerate(p for f in folders for p in sorted(f.rglob("*.json"))):
            run = json.loads(path.read_text(encoding="utf-8"))
            clean = not run.get("attack_type")
            name = f"{'baseline' if clean else 'logs'}/{n:05d}.json"
            shutil.copy(path, workspace / name)
            if not clean and not run.get("error") and run["messages"]:
                attacked[name] = run
        command = ["assess", str(workspace), "--out", f"{work}/run", "--formats", "csv", "--quiet"]
        subprocess.run([sys.executable, "-m", "reporter.cli", *command], check=True)
        with (Path(work) / "run/deviations.csv").open(encoding="utf-8-sig", newline="") as rows:
            found = {r["ref"].split("#")[0] for r in csv.DictReader(rows) if r["changes"] == "true"}
    return _counted(attacked, found)


def _counted(attacked: dict[str, dict[str, Any]], found: set[str]) -> str:
    seen = Counter((bool(run["security"]), name in found) for name, run in attacked.items())
    hits, misses, alarms = seen[True, True], seen[True, False], seen[False, True]
    return (
        f"recall {hits / (hits + misses):.3f}, precision {hits / (hits + alarms):.3f} ({len(attacked)} attacked runs, "
        f"{hits + misses} successful attacks, {hits} found, {alarms} deviations without one)"
    )


if __name__ == "__main__":
    main()
