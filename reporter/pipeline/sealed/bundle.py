"""A run made a bundle. In: the folder of a run, a private key. Out: a folder, or one zip, that
holds all that an auditor needs: the run, its tables, the content that took part, what is signed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporter.content import loader
from reporter.content.packs import Pack
from reporter.errors import InputError, VerificationError
from reporter.pipeline.quarter import kept_input
from reporter.pipeline.reperformed.child import EXTRA, FRAMEWORKS, SOURCES, WORK
from reporter.pipeline.reperformed.performed_again import content_files, perform_again
from reporter.pipeline.reperformed.sql_script import script
from reporter.pipeline.sealed import manifest as manifests
from reporter.pipeline.sealed.manifest import CONTENT, ENVELOPE, README, RUN, SIGNED, SQL
from reporter.pipeline.sealed.merkle import root_of
from reporter.pipeline.sealed.names import files_of, opened, write_zip
from reporter.pipeline.sealed.pdf_signature import sign_pdf
from reporter.pipeline.sealed.signature import sign
from reporter.report.export import place_of, publish, refuse_existing
from reporter.runs.chain import CHAIN, latest, read_chain, state_of
from reporter.runs.run_manifest import BESIDE, reports_of
from reporter.runs.store import DATA, MANIFEST, read_data, read_run
from reporter.system.folders import content_dir
from reporter.system.hashes import sha256

_TEXT = """# A sealed bundle

`manifest.json` names every file here with its size and SHA-256; `manifest.dsse.json` is the
signature over it. `run` holds the run as it was left, `content` the checks, models and catalogs
that took part.

    reporter verify BUNDLE --key KEY.pub

verifies all of it and performs every check again. Without Reporter, `sha256sum`, `jq` and the
`duckdb` command do: docs/verify.md of the program says how.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a run is sealed."""

    key: Any
    extra: tuple[Path, ...] = ()
    packs: tuple[Pack, ...] = ()
    """The content that took part besides what ships."""
    parent: Path | None = None
    """The earlier run, or its bundle."""
    is_zip: bool = False
    pdf_signer: Any = None
    """Signs copies of the PDF files too."""
    memory: str = "1GB"
    seconds: float = 3600
    """Limits for performing the checks again."""
    announce: Callable[[Path], None] = lambda _: None
    say: Callable[[str], None] = lambda _: None
    warn: Callable[[str], None] = lambda _: None


_WITHOUT_TABLES = (
    "nobody can perform the checks of this run again, and `verify` needs --no-reperform: {}"
)
_NOT_KEPT = "it was assessed without --keep-tables"
_PURGED = "its tables were purged. Seal a run before you purge it"


def seal(run: Path, out: Path, wanted: Wanted) -> Path:
    """Leave the bundle of a run at `out`, whole or not at all; return it.

    Raises InputError where it is no run, was changed since, or was assessed with other content.
    """
    refuse_existing(out, "bundle")
    if out.exists() or Path(os.path.realpath(out)).is_relative_to(os.path.realpath(run)):
        raise InputError("lies in the run, and a run is never changed", str(out))
    about = manifests.run_manifest(run)
    _refuse_changed(run, about)
    _refuse_reopened(run)
    if about.get("pseudonyms") and (run / kept_input.FOLDER).is_dir():
        raise InputError(
            "its results have pseudonyms for people, and its kept tables have their names",
            str(run),
            "Assess without --keep-tables; the checks of that run cannot be performed again.",
        )
    read_run(run)
    parent = parent_of(about, wanted.parent)
    if about.get("compared") and not parent:
        wanted.warn(
            "this run is compared with an earlier one, and the bundle does not name it: give"
            " --parent to seal the chain"
        )
    with place_of(out, wanted.announce) as place:
        part = place / "run"
        part.mkdir()
        _copy(run, part / RUN, [MANIFEST, *about["outputs"]])
        printed = sorted((part / RUN).glob("*.pdf")) if wanted.pdf_signer else ()
        if wanted.pdf_signer and not printed:
            raise InputError(
                "has no PDF to sign", str(run), "`reporter render RUN --format pdf` prints one."
            )
        lay_content(part / CONTENT, wanted, about["hashes"]["content"])
        if (run / kept_input.FOLDER).is_dir():
            _write_sql(part, place / "again", wanted)
        else:
            wanted.warn(_WITHOUT_TABLES.format(_PURGED if about.get("purged") else _NOT_KEPT))
        (part / README).write_text(_TEXT, encoding="utf-8")
        for path in printed:
            (part / SIGNED).mkdir(exist_ok=True)
            sign_pdf(path, part / SIGNED / path.name, wanted.pdf_signer)
        tree = manifests.tree_of(part / RUN)
        text = manifests.write(part, about, root_of(tree), len(tree), parent)
        (part / ENVELOPE).write_bytes(sign(text, manifests.parsed(text), wanted.key))
        if wanted.is_zip:
            write_zip(part, place / "zip")
            part = place / "zip"
        publish(part, out)
    return out


def _write_sql(part: Path, place: Path, wanted: Wanted) -> None:
    """Perform the checks again, as an auditor will, and write all SQL that was run.

    Raises InputError where that cannot be done, or something else comes out: such a bundle would
    convince nobody.
    """
    wanted.say("performing every check again, as an auditor will")
    place.mkdir()
    with ExitStack() as held:
        earlier = [run_in(held.enter_context(opened(p))) for p in (wanted.parent,) if p]
        again = perform_again(part, place, wanted.memory, wanted.seconds, earlier, True)
    if again.why_not or again.differences:
        what = again.why_not or "; ".join(again.differences[:5])
        raise InputError(
            f"its checks, performed again, do not give the same: {what}",
            hint="Assess the workspace again with --keep-tables, and seal that run.",
        )
    for line in (*again.notes, *again.unseen):
        wanted.warn(f"not looked at: {line}")
    checks = (c.id for c in read_data(part / RUN).checks)
    files = script(again.statements, str(place / WORK), checks)
    (part / SQL).mkdir()
    for name, text in files.items():
        (part / SQL / name).write_text(text, encoding="utf-8")


def run_in(folder: Path) -> Path:
    """Return the run in the folder of a bundle, or the folder of a run itself."""
    return folder / RUN if (folder / ENVELOPE).exists() else folder


def _refuse_changed(run: Path, about: Mapping[str, Any]) -> None:
    """Raise InputError where the files of a run are not those of its manifest."""
    found, outputs = files_of(run), about["outputs"]
    for name in sorted({*found, *outputs} - {*BESIDE}):
        what = ""
        if name not in found:
            what = "is missing"
        elif name not in outputs:
            what = f"is not in the {MANIFEST} of the run"
        elif sha256(run / name) != outputs[name].get("sha256"):
            what = f"was changed since the run: its hash is not that of its {MANIFEST}"
        if what:
            raise InputError(
                what, str(run / name), "Only a run as `assess` left it is sealed; assess again."
            )


def parent_of(about: Mapping[str, Any], earlier: Path | None) -> str:
    """Return the hash of the manifest of an earlier run, given as folder or bundle; '' for none.

    Raises InputError where a run was compared with others and not with this one, or is no later.
    """
    if earlier is None:
        return ""
    with opened(_closed_before(about, earlier)) as folder:
        run = run_in(folder).resolve()
        _refuse_reopened(run)
        before = manifests.run_manifest(run)
        reports = {r["report_sha256"] for r in about.get("compared", ())}
        why = ""
        if reports and not reports & {*reports_of(before, DATA)}:
            why = "the run that is sealed was compared with other runs than this one"
        elif before["as_of"] >= about["as_of"]:
            why = f"is as of {before['as_of']}, no earlier than the run, {about['as_of']}"
        if why:
            raise InputError(why, str(earlier), "Give --parent the run before it.")
        return sha256(run / MANIFEST)


def _closed_before(about: Mapping[str, Any], folder: Path) -> Path:
    """Return the run of a folder with a chain that a run was compared with, or the last one closed
    before it; any other folder as it is.
    """
    if not (folder / CHAIN).is_file():
        return folder
    reports = {r["report_sha256"] for r in about.get("compared", ())}
    closed = [
        c
        for c in latest(read_chain(folder)).values()
        if c.organisation == about["organisation"] and c.as_of < about["as_of"]
    ]
    for closing in sorted(closed, key=lambda c: c.as_of, reverse=True):
        before = manifests.run_manifest(folder / closing.run)
        if not reports or reports & {*reports_of(before, DATA)}:
            return folder / closing.run
    raise InputError(
        "no closed run in it that this run was compared with, or that is earlier",
        str(folder),
        "Give --parent the run before it.",
    )


def _refuse_reopened(run: Path) -> None:
    """Raise VerificationError where a closed run is not as it was closed."""
    run = run.resolve()
    closing = latest(read_chain(run.parent)).get(run.name)
    if changes := state_of(closing, run.parent) if closing else ():
        raise VerificationError(
            f"is not as it was closed: {', '.join(changes[:5])}",
            str(run),
            "Take the run as it was closed, from a backup.",
        )


def lay_content(folder: Path, wanted: Wanted, expected: str) -> None:
    """Copy all content that took part in a run to a folder.

    Raises InputError where it is not what the run was assessed with; Errors where it is wrong.
    """
    content = loader.load(wanted.extra, wanted.packs, False)
    if content.sha256 != expected:
        raise InputError(
            f"the content here has the SHA-256 {content.sha256}, and the run was assessed with"
            f" {expected}",
            hint=(
                "Seal with the version of the program, the packs and the --extra folders that it"
                " was assessed with; or assess again."
            ),
        )
    frameworks, sources = content_dir()
    places = {FRAMEWORKS: frameworks, SOURCES: sources}
    others = [(f"pack-{p.name}", p.folder) for p in content.packs]
    others += [(path.resolve().name, path) for path in wanted.extra]
    for at, (name, path) in enumerate(others):
        places[f"{EXTRA}/{at:02}-{name}"] = path
    for name, path in places.items():
        _copy(path, folder / name, content_files(path))


def _copy(source: Path, target: Path, names: Iterable[str]) -> None:
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
