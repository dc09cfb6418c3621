"""One unit of a batch, in a process of its own. In: `Order`, the row of its last assessment. Out:
its run, if it is not there yet, and its row.

A run is named by a hash of all that shapes it: input, settings, content, program, earlier runs. So
a run that is there is not made again, and a change of any of them makes another.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from reporter.content.packs import installed
from reporter.content.workspace import Workspace, read_workspace
from reporter.errors import InputError
from reporter.ingest.cache import open_cache
from reporter.ingest.readers.inputs import Inputs
from reporter.ingest.remote.remote_inputs import Asked, inputs_of, now_of
from reporter.model.assessment import Assessment, RunInfo
from reporter.pipeline import kept_runs
from reporter.pipeline.assess import Options, assess_workspace
from reporter.pipeline.batch.unit_order import NEW, SAME, Order
from reporter.pipeline.gates.gate_numbers import judge
from reporter.pipeline.gates.run_figures import figures
from reporter.privacy.keys import read_key
from reporter.report.export import Wanted
from reporter.report.trend.earlier_runs import in_utc, may_be_same_unit
from reporter.runs.chain import changed_files, latest, read_chain
from reporter.runs.run_manifest import read_manifest
from reporter.runs.store import MANIFEST, read_data, read_run
from reporter.system.claims import claimed
from reporter.system.gates import Gate, gates
from reporter.system.hashes import sha256
from reporter.system.temporary import sync

_KEY_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Hooks:
    """Whom to tell what."""

    say: Callable[[str], None]
    warn: Callable[[str], None]
    announce: Callable[[Path], None]
    """Receives the folder to remove if this process is killed."""
    environ: Mapping[str, str]
    """Where credentials of object storage are."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What a run is made of."""

    name: str
    """'' where nobody can tell."""
    digests: frozenset[str]
    """Of the files of the input."""


def work(order: Order, hooks: Hooks) -> tuple[str, dict[str, Any]]:
    """Assess a unit, unless its run is there; return what became of it, and its row.

    Raises ReporterError or OSError where that cannot be done.
    """
    workspace = read_workspace(Path(order.workspace))
    limits = tuple(dict.fromkeys((*workspace.gates, *gates(order.gates))))
    if order.follows:
        earlier = _followed(order.folder, workspace.run, hooks)
        order = msgspec.structs.replace(order, earlier=(str(earlier),) if earlier else ())
    options = _options(order, hooks)
    with inputs_of(workspace, Asked.of(options, Path(order.out) / order.name)) as inputs:
        key = _key(order, inputs, options)
        for run in _candidates(order, workspace, key):
            if problem := unsound(run):
                hooks.warn(f"{run}: {problem}; the unit is assessed anew")
            else:
                return SAME, _row_of(order, run, key, limits)
        with _place(order, hooks) as part:
            data, _ = assess_workspace(workspace.folder, part / "run", options, inputs)
            failures = [n for n in data.notices if n.code == "checks_not_run"]
            # What another try may give otherwise, or what changed meanwhile, is not used again.
            is_steady = not failures and {f.sha256 for f in data.files} == key.digests
            if not is_steady or key != _key_now(order, inputs, options):
                key = _Key("", frozenset())
            order.folder.mkdir(exist_ok=True)
            run = order.folder / _free_name(order.folder, workspace, key)
            (part / "run").rename(run)
            sync(order.folder)
    return NEW, _row(data, run, key, limits)


def _followed(folder: Path, now: RunInfo, hooks: Hooks) -> Path | None:
    """Return the run that a unit is compared with, and say so; warn where it is not of the period
    just before, or where the unit has another name by now.
    """
    earlier = previous_run(folder, now)
    hooks.say(f"earlier run: {earlier.name if earlier else 'none of an earlier period'}")
    if earlier is None:
        return None
    before = read_data(earlier).run
    begin, end = in_utc(now.period_from), in_utc(before.period_to)
    if not may_be_same_unit(before, now):
        hooks.warn(
            f"{earlier.name} is a run of {before.organisation} · {before.unit}, and this unit has"
            " another name: it is assessed without an earlier run. Give it another `name` in the"
            " plan to leave these runs behind"
        )
        return None
    if (begin - end) * 2 >= in_utc(now.period_to) - begin:
        hooks.warn(
            f"no whole run of the period just before: it is compared with {earlier.name}, which"
            f" ends on {end:%Y-%m-%d}"
        )
    return earlier


def previous_run(folder: Path, run: RunInfo) -> Path | None:
    """Return the newest whole run of an earlier period in the folder of a unit; of one period the
    closed one comes first, then the one that was made last.

    Raises VerificationError where its chain does not hold.
    """
    closed = latest(read_chain(folder))
    begin = in_utc(run.period_from)
    found: list[tuple[datetime, bool, int, Path]] = []
    for path in folder.glob(f"*/{MANIFEST}"):
        with suppress(InputError):  # it cannot be read, so it is not whole
            manifest = read_manifest(path.parent)
            end = in_utc(datetime.fromisoformat(manifest["period"][1]))
            if end <= begin and in_utc(datetime.fromisoformat(manifest["as_of"])) < in_utc(
                run.as_of
            ):
                name = path.parent.name
                found.append((end, name in closed, path.stat().st_mtime_ns, path.parent))
    runs = (path for *_, path in sorted(found, reverse=True) if not path.name.startswith("."))
    return next((path for path in runs if not unsound(path)), None)


def _options(order: Order, hooks: Hooks) -> Options:
    return Options(
        order.writers,
        tuple(map(Path, order.extra)),
        Path(order.cache),
        order.memory,
        pseudonymise=order.pseudonymise,
        earlier=tuple(map(Path, order.earlier)),
        say=hooks.say,
        warn=hooks.warn,
        announce=hooks.announce,
        language=order.language,
        packs=installed() if order.packs else (),
        fresh=order.fresh,
        key=read_key(Path(order.key_file)) if order.key_file else "",
        keep_tables=order.keep_tables,
        remote=hooks.environ if order.remote else None,
    )


def _key(order: Order, inputs: Inputs, options: Options) -> _Key:
    """Return what the run of a unit is made of: files of the program by their content, for a
    container has them anew each time.
    """
    workspace = read_workspace(Path(order.workspace))
    cache = open_cache(Path(order.cache))
    out = Path(order.out) / order.name
    wanted = Wanted(options.formats)
    shape = kept_runs.shape_of(workspace, inputs, cache, out, options, wanted, sha256)
    digests = frozenset(inputs.digest(f).sha256 for f in inputs.files)
    return _Key(kept_runs.name_of(shape, inputs), digests)


def _key_now(order: Order, inputs: Inputs, options: Options) -> _Key:
    """Return the key after a run: what changed meanwhile made another run than the key says. What
    was fetched is held by its hash, and not asked for again.
    """
    with now_of(Path(order.workspace), inputs) as found:
        return _key(order, found, options)


def _candidates(order: Order, workspace: Workspace, key: _Key) -> list[Path]:
    """Return the runs that may be that of a key: the one of the last batch, and the one that a
    batch made which was killed before it could note it.
    """
    if order.fresh or not key.name:
        return []
    known = order.known or {}
    names = [str(known["run"])] if known.get("key") == key.name and known.get("run") else []
    names.append(_name(workspace, key))
    return [run for n in dict.fromkeys(names) if (run := order.folder / n).is_dir()]


def unsound(run: Path) -> str:
    """Say how a run differs from what its manifest names; '' where it does not."""
    try:
        return next(changed_files(run), "")
    except InputError as error:
        return error.message


def _row_of(order: Order, run: Path, key: _Key, limits: Sequence[Gate]) -> dict[str, Any]:
    """Return the row of a run that is there: the known one, where it was held against the same
    gates.
    """
    known = order.known or {}
    is_known = known.get("key") == key.name and known.get("run") == run.name
    if (
        is_known
        and known.get("manifest") == sha256(run / MANIFEST)
        and [g["gate"] for g in known["gates"]] == list(map(str, limits))
    ):
        return known
    row = _row(read_run(run)[0], run, key, limits)
    # What it took is known to those who made it.
    return row | {name: known.get(name) if is_known else None for name in ("seconds", "peak_mb")}


def _row(data: Assessment, run: Path, key: _Key, limits: Sequence[Gate]) -> dict[str, Any]:
    used = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(who).ru_maxrss for who in used)
    not_run = [n for n in data.notices if n.code == "checks_not_run"]
    return {
        "run": run.name,
        "key": key.name,
        "manifest": sha256(run / MANIFEST),
        **figures(data),
        "gates": [each.as_data() for each in judge(limits, data, run)],
        "checks_not_run": sum(len(n.lines) for n in not_run),
        "peak_mb": peak * 1024 // 10**6,
    }


@contextmanager
def _place(order: Order, hooks: Hooks) -> Iterator[Path]:
    """Provide the folder in which a run is made."""
    hooks.announce(order.part)
    with claimed(order.part) as part:
        yield part


def _name(workspace: Workspace, key: _Key) -> str:
    run = workspace.run
    return f"{run.period_from:%Y-%m-%d}_{run.period_to:%Y-%m-%d}-{key.name[:_KEY_SHOWN]}"


def _free_name(folder: Path, workspace: Workspace, key: _Key) -> str:
    """Return a name for a run that no run has; one that can be used again is found by it."""
    name = _name(workspace, key)
    names = [name] if key.name else []
    names += [f"{name.removesuffix('-')}-{n}" for n in range(1, len(list(folder.iterdir())) + 2)]
    return next(n for n in names if not os.path.lexists(folder / n))
