"""A bundle verified by whoever receives it. In: a bundle; a public key, if there is one. Out: what
was looked at, step by step, and what came out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from reporter.errors import InputError, ReporterError
from reporter.pipeline.reperformed.child import WORK
from reporter.pipeline.reperformed.performed_again import Again, perform_again
from reporter.pipeline.reperformed.sample import Drawn, draw
from reporter.pipeline.reperformed.sql_script import script
from reporter.pipeline.sealed import manifest as manifests
from reporter.pipeline.sealed.bundle import run_in
from reporter.pipeline.sealed.manifest import RUN, SIGNED, SQL, Manifest
from reporter.pipeline.sealed.merkle import root_of
from reporter.pipeline.sealed.names import Refused, opened
from reporter.pipeline.sealed.signature import Signed, check_bundle
from reporter.runs.run_manifest import read_manifest, reports_of
from reporter.runs.store import DATA, MANIFEST, Results, read_data, read_run
from reporter.system.hashes import sha256

OK, FAILED, WARNED, SKIPPED = "ok", "failed", "warning", "not done"
CHECKS = "checks"
MOST_NAMED = 50
"""Problems of a step that are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at."""

    name: str
    state: str
    text: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What whoever verifies brings, and wants."""

    public: Any | None = None
    parents: tuple[Path, ...] = ()
    """The runs before it, or their bundles."""
    time_stamp: Path | None = None
    authority: Path | None = None
    """Certificates of who signed the time stamp."""
    reperform: bool = True
    sample: int = 0
    seed: str = ""
    memory: str = "1GB"
    seconds: float = 3600
    """The most that performing the checks again may take."""
    say: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of a bundle."""

    steps: tuple[Step, ...]
    sample: tuple[Drawn, ...] = ()
    seed: str = ""

    @property
    def holds(self) -> bool:
        """Return whether nothing failed, and nothing that was asked for was left out."""
        return not any(s.state in (FAILED, SKIPPED) for s in self.steps)

    @property
    def in_a_word(self) -> str:
        """Return what came out, for people."""
        if any(s.state == FAILED for s in self.steps):
            return "THE BUNDLE DOES NOT HOLD"
        undone = [s.name for s in self.steps if s.state == SKIPPED]
        return f"NOT DONE, SO NOT SHOWN: {', '.join(undone)}" if undone else "the bundle holds"


def verify(bundle: Path, asked: Asked) -> Outcome:
    """Look at a bundle from the outside in; what is wrong ends up in the outcome, and is not
    raised.

    Raises InputError where there is no bundle, or a file that whoever verifies brings is none.
    """
    try:
        with opened(bundle) as folder:
            return _verify(folder, asked)
    except Refused as error:
        return Outcome((_failed("bundle", error),))


def _verify(folder: Path, asked: Asked) -> Outcome:
    try:
        manifest = manifests.read(folder)
    except Refused as error:
        return Outcome((_failed("manifest", error),))
    steps = [Step("manifest", OK, f"canonical, SHA-256 {manifest.sha256}")]
    for step in (_files, _signature, _parent, _time_stamp, _results, _run):
        if step is _time_stamp and not asked.time_stamp:
            continue
        asked.say(f"looking at the {_name_of(step)}")
        steps += _caught(step, folder, manifest, asked)
    with TemporaryDirectory(prefix="reporter-") as place:
        again, more = _again(folder, manifest, Path(place), asked, steps[1].state == OK)
        steps += more
        are_results = any(s.name == "results" and s.state == OK for s in steps)
        if not asked.sample or not are_results:
            return Outcome(tuple(steps))
        seed = asked.seed or manifest.sha256[:16]
        try:
            made, work = again.made if again else None, Path(place) / "drawn"
            drawn = draw(folder / RUN, made, asked.sample, seed, work)
        except ReporterError as error:
            return Outcome((*steps, _failed("sample", error)))
        return Outcome(tuple(steps), drawn, seed)


def _again(
    folder: Path, manifest: Manifest, place: Path, asked: Asked, are_as_sealed: bool
) -> tuple[Again | None, list[Step]]:
    if not asked.reperform:
        return None, [Step(CHECKS, WARNED, "not performed again, as --no-reperform asks")]
    if not are_as_sealed:
        why = "not performed again: the files are not those of the manifest"
        return None, [Step(CHECKS, SKIPPED, why)]
    asked.say("performing every check again")
    with ExitStack() as held:
        earlier = [run_in(held.enter_context(opened(parent))) for parent in asked.parents]
        again = perform_again(folder, place, asked.memory, asked.seconds, earlier, True)
    steps = list(_performed(again))
    if again.made:
        steps += _caught(partial(_sql, again, str(place / WORK)), folder, manifest, asked)
    return again, steps


def _sql(
    again: Again, tables: str, folder: Path, manifest: Manifest, asked: Asked
) -> Iterator[Step]:
    """Look whether the SQL that the bundle shows is what runs; engines of two versions may write
    the same otherwise.
    """
    if again.sealed_with:
        yield Step("SQL", WARNED, f"not compared: it was sealed with {again.sealed_with}")
        return
    files = script(again.statements, tables, (c.id for c in read_data(folder / RUN).checks))
    problems = [
        f"{SQL}/{name}: is not what runs here"
        for name in sorted({*files, *manifests.names_below(manifest, SQL)})
        if not _says(folder / SQL / name, files.get(name))
    ]
    if problems:
        yield Step("SQL", FAILED, f"{len(problems)} files are not what runs", _most(problems))
    else:
        yield Step("SQL", OK, f"{len(files)} files are what runs")


def _says(path: Path, text: str | None) -> bool:
    return text is not None and path.is_file() and path.read_bytes() == text.encode()


_Step = Callable[[Path, Manifest, Asked], Iterator[Step]]


def _caught(step: _Step, folder: Path, manifest: Manifest, asked: Asked) -> list[Step]:
    try:
        return list(step(folder, manifest, asked))
    except (ReporterError, RecursionError) as error:
        return [_failed(_name_of(step), error)]


def _name_of(step: _Step) -> str:
    name: str = getattr(getattr(step, "func", step), "__name__", "")
    return name.strip("_").replace("_", " ")


def _failed(name: str, error: Exception) -> Step:
    return Step(name, FAILED, (str(error).splitlines() or [""])[0])


def _files(folder: Path, manifest: Manifest, asked: Asked) -> Iterator[Step]:
    problems = manifests.differences(folder, manifest)
    size = sum(f["bytes"] for f in manifest.files.values())
    if problems:
        yield Step("files", FAILED, f"{len(problems)} differ from the manifest", _most(problems))
    else:
        yield Step(
            "files",
            OK,
            f"{len(manifest.files)} files of {size} bytes have the hashes of the manifest",
        )


def _most(lines: list[str]) -> tuple[str, ...]:
    more = [f"and {len(lines) - MOST_NAMED} more"] if len(lines) > MOST_NAMED else []
    return (*lines[:MOST_NAMED], *more)


def _signature(folder: Path, manifest: Manifest, asked: Asked) -> Iterator[Step]:
    signed = check_bundle(folder, asked.public)
    problems = list(_unsigned(manifest, signed))
    if problems:
        yield Step("signature", FAILED, "it is that of another manifest", tuple(problems))
    elif signed.is_vouched:
        yield Step("signature", OK, "fits the manifest and the key that was given")
    else:
        yield Step(
            "signature",
            WARNED,
            "NOBODY VOUCHES FOR THIS BUNDLE: no --key was given. The signature fits only the key"
            " that the bundle brings itself, and anybody can make one.",
        )


def _unsigned(manifest: Manifest, signed: Signed) -> Iterator[str]:
    results = manifest.data["results"]
    for what, found, expected in (
        (f"SHA-256 of {MANIFEST}", manifest.sha256, signed.manifest),
        ("root of the results", results["root"], signed.root),
        ("number of results", results["count"], signed.count),
    ):
        if found != expected:
            yield f"{what}: {found}, and {expected} was signed"


def _parent(folder: Path, manifest: Manifest, asked: Asked) -> Iterator[Step]:
    told = manifest.data["parent"]
    if not asked.parents:
        text = f"names the run before it, {told}; --parent checks it" if told else "names no run"
        if not told and read_data(folder / RUN).history.runs:
            text = "names no run, though this one was compared with one: it was sealed without"
        yield Step("parent", OK, text)
        return
    compared = {r.report_sha256 for r in read_data(folder / RUN).history.runs}
    digests, others = [], []
    for parent in asked.parents:
        with opened(parent) as earlier:
            run = run_in(earlier)
            manifests.run_manifest(run)
            digests.append(sha256(run / MANIFEST))
            if compared and compared.isdisjoint(reports_of(read_manifest(run), DATA)):
                others.append(f"{parent}: is another run")
    if others:
        text = "the run was compared with other runs than the one given"
        yield Step("parent", FAILED, text, tuple(others) if len(digests) > 1 else ())
    elif told in digests:
        yield Step("parent", OK, f"is the run that was given, {told}")
    else:
        text = f"the manifest of the run given is {', '.join(digests)}, not {told or 'any'}"
        yield Step("parent", FAILED, text)


def _time_stamp(folder: Path, manifest: Manifest, asked: Asked) -> Iterator[Step]:
    from reporter.pipeline.sealed.time_stamp import stamped_at

    assert asked.time_stamp
    data = (folder / manifests.ENVELOPE).read_bytes()
    try:
        at, is_vouched = stamped_at(asked.time_stamp, data, asked.authority)
    except InputError as error:  # says nothing of the bundle
        yield Step("time stamp", SKIPPED, " ".join(str(error).splitlines()[:1]))
        return
    how = "by the authority given" if is_vouched else "by whom nobody checked: no --authority"
    yield Step("time stamp", OK if is_vouched else WARNED, f"the signature existed at {at}, {how}")


def _results(folder: Path, manifest: Manifest, asked: Asked) -> Iterator[Step]:
    told = manifest.data["results"]
    ((count,),) = Results(folder / RUN, ()).query("SELECT count(*) FROM held")
    if count != told["count"]:  # before any is read: a small file can hold a billion rows
        yield Step("results", FAILED, f"there are {count}, and the manifest says {told['count']}")
        return
    manifests.refuse_columns(folder / RUN)
    root = root_of(manifests.tree_of(folder / RUN)).hex()
    if root == told["root"]:
        yield Step("results", OK, f"{count} results have the root {root}")
    else:
        yield Step("results", FAILED, f"their root is {root}, and the manifest says {told['root']}")


def _run(folder: Path, manifest: Manifest, asked: Asked) -> Iterator[Step]:
    run = folder / RUN
    about = manifests.run_manifest(run)
    read_run(run)
    problems = [
        f"{key}: the run says {about.get(key)!r}, and the bundle {manifest.data.get(key)!r}"
        for key in ("organisation", "period", "as_of", "hashes")
        if about.get(key) != manifest.data.get(key)
    ]
    files = {n: manifest.files[f"{RUN}/{n}"] for n in manifests.names_below(manifest, RUN)}
    problems += [
        f"{name}: is not what the {MANIFEST} of the run names"
        for name in sorted({*files, *about["outputs"]} - {MANIFEST})
        if files.get(name, {}).get("sha256") != about["outputs"].get(name, {}).get("sha256")
    ]
    for name in manifests.names_below(manifest, SIGNED):
        with (folder / SIGNED / name).open("rb") as copy, (run / name).open("rb") as whole:
            if not _begins_with(copy, whole):
                problems.append(f"{SIGNED}/{name}: is not a signed copy of {RUN}/{name}")
    if problems:
        yield Step("run", FAILED, "does not agree with its own manifest", _most(problems))
        return
    yield Step("run", OK, "agrees with its own manifest, and its results with its scores")
    if copies := manifests.names_below(manifest, SIGNED):
        yield Step(
            "signed PDF",
            WARNED,
            "copies of the run's files with a signature behind; whose it is was not looked at: a"
            " PDF reader tells it",
            tuple(f"{SIGNED}/{name}" for name in sorted(copies)),
        )


def _begins_with(copy: BinaryIO, whole: BinaryIO) -> bool:
    """Return whether a file begins with all bytes of another: a signature of a PDF is put behind
    it.
    """
    while part := whole.read(1 << 20):
        if copy.read(len(part)) != part:
            return False
    return True


def _performed(again: Again) -> Iterator[Step]:
    if again.why_not:
        yield Step(CHECKS, SKIPPED, f"cannot be performed again: {again.why_not}")
        return
    state = FAILED if again.differences else OK
    text = (
        f"{len(again.differences)} differ when they are performed again"
        if again.differences
        else f"{again.count} results, {again.scores} scores and what {DATA} says came out the same"
        " again"
    )
    yield Step(CHECKS, state, text, _most(list(again.differences)))
    if again.notes:
        yield Step("levels", WARNED, "not all could be held against the earlier run", again.notes)
    if again.unseen:
        yield Step("not looked at", WARNED, "nothing shows that these are right", again.unseen)
    if foreign := list(again.foreign):
        yield Step(
            "content",
            WARNED,
            f"{len(foreign)} files of its content are not those of this program",
            _most(foreign),
        )
    else:
        yield Step("content", OK, "is, file by file, that of this program")
