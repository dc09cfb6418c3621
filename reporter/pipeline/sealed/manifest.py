"""What a bundle says of itself: every file with its size and hash, the versions, the inputs, the
earlier run, one hash over all results. In: a folder. Out: manifest.json; and back, checked.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporter.errors import InputError
from reporter.pipeline.sealed.extras import canonical
from reporter.pipeline.sealed.merkle import leaf_hash
from reporter.pipeline.sealed.names import Refused, files_of, refuse_name, refuse_twins
from reporter.runs.store import MANIFEST, RESULT, RESULTS, Results
from reporter.system.hashes import sha256

SCHEMA = "agent-maturity-bundle/1"
ENVELOPE = "manifest.dsse.json"
RUN, CONTENT, SQL, SIGNED, README = "run", "content", "sql", "signed", "README.md"
"""What lies in a bundle beside its manifest and its signature."""
LARGEST = 64 << 20
"""Bytes of a manifest: 100,000 files take 20 MB."""
_HEX = frozenset("0123456789abcdef")
_AS_SEALED = "Take the bundle as it was sealed."
MOST_RESULTS = 10_000_000


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was read, with the hash of its bytes."""

    data: Mapping[str, Any]
    sha256: str

    @property
    def files(self) -> Mapping[str, Mapping[str, Any]]:
        """Name -> bytes, sha256."""
        files: Mapping[str, Mapping[str, Any]] = self.data["files"]
        return files


def leaves(run: Path) -> Iterator[bytes]:
    """Yield each result of a run as the leaf of a tree: canonical JSON of all its columns, in the
    order of the file.
    """
    rows = Results(run, ()).query(f"SELECT {_QUOTED} FROM held ORDER BY place")
    for row in rows:
        yield flat_canonical(dict(zip(RESULT, row, strict=True)))


_QUOTED = ", ".join(f'"{c}"' for c in RESULT)


def flat_canonical(values: Mapping[str, str | int | None]) -> bytes:
    """Return what `canonical` does of texts, whole numbers and nothing under plain names, twenty
    times as fast: a run may have a million results. Raises UnicodeEncodeError for half a character.
    """
    return _FLAT(values).encode()


_FLAT = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def refuse_columns(run: Path) -> None:
    """Raise Refused where the results of a run are not of the columns and types that we write, or
    lack what names them: what reads them further relies on it.
    """
    results, place = Results(run, ()), str(run / RESULTS)
    described = "SELECT column_name, column_type FROM (DESCRIBE held) WHERE column_name <> 'place'"
    kinds = {name: _KINDS.get(name, "VARCHAR") for name in RESULT}
    if [*results.query(described)] != [*kinds.items()]:
        raise Refused("has other columns or types than results have", place, _AS_SEALED)
    nothing = " OR ".join(f'"{c}" IS NULL' for c in ("check", "subject", "status", "id"))
    ((count,),) = results.query(f"SELECT count(*) FROM held WHERE {nothing}")
    if count:
        raise Refused(f"has {count} results without check, subject, status or id", place)


_KINDS = {"tier_lo": "BIGINT", "tier_hi": "BIGINT", "rank": "BIGINT", "listed": "BOOLEAN"}


def tree_of(run: Path) -> list[bytes]:
    """Return the hashes of the leaves of a run."""
    return [leaf_hash(leaf) for leaf in leaves(run)]


def hashed(folder: Path) -> dict[str, dict[str, Any]]:
    """Return name -> bytes, sha256 of the files of a bundle, but of its manifest and signature."""
    return {
        name: {"bytes": size, "sha256": sha256(folder / name)}
        for name, size in files_of(folder).items()
        if name not in (MANIFEST, ENVELOPE)
    }


def run_manifest(run: Path) -> dict[str, Any]:
    """Return the manifest of a run; raise InputError where it is none."""
    path = run / MANIFEST
    try:
        data = json.loads(path.read_bytes())
        _ = [entry["sha256"] for entry in data["outputs"].values()], {**data["hashes"]}
        _ = [data[key] for key in ("organisation", "period", "as_of", "inputs")]
    except FileNotFoundError as error:
        raise InputError(f"no {MANIFEST} in it; is it a run folder?", str(run)) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"is no manifest of a run: {error!r}", str(path)) from error
    return dict(data)


def write(folder: Path, about: Mapping[str, Any], root: bytes, count: int, parent: str) -> bytes:
    """Write the manifest of a bundle, whose other files are there; `about` is the manifest of its
    run. Return its bytes.
    """
    hashes = about["hashes"]
    data = {
        "schema": SCHEMA,
        "organisation": about["organisation"],
        "period": about["period"],
        "as_of": about["as_of"],
        "evidence_id": hashes["evidence_id"],
        "hashes": hashes,
        "versions": {
            "reporter": hashes["reporter"],
            "engine": hashes["engine"],
            "python": platform.python_version(),
        },
        "inputs": [{k: f[k] for k in ("file", "bytes", "sha256")} for f in about["inputs"]],
        "parent": parent,
        "results": {"count": count, "root": root.hex(), "columns": list(RESULT)},
        "files": hashed(folder),
    }
    text = canonical(data)
    (folder / MANIFEST).write_bytes(text)
    return text


def names_below(manifest: Manifest, place: str) -> list[str]:
    """Return the names of files in a folder of a bundle, without that of the folder."""
    start = f"{place}/"
    return [name.removeprefix(start) for name in manifest.files if name.startswith(start)]


def read(folder: Path) -> Manifest:
    """Return the manifest of a bundle.

    Raises Refused where it is none, is not canonical, or names what cannot be in a bundle.
    """
    path = folder / MANIFEST
    if not path.is_file() or path.is_symlink():
        raise Refused(f"no {MANIFEST} in it", str(folder), "Is it a bundle of `reporter seal`?")
    if path.stat().st_size > LARGEST:
        raise Refused(f"is larger than {LARGEST >> 20} MB", str(path), _AS_SEALED)
    text = path.read_bytes()
    data = strict_json(text, str(path))
    _refuse_shape(data, str(path))
    if canonical(data) != text:
        raise Refused("is not in the form of RFC 8785", str(path), _AS_SEALED)
    return Manifest(data, hashlib.sha256(text).hexdigest())


def strict_json(text: bytes, place: str) -> Any:
    """Return what a JSON text of others says; raise Refused where it is none, gives a key twice or
    nests without end.
    """
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(f"is no JSON: {error}", place, _AS_SEALED) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a key stands twice")
    return data


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _refuse_shape(data: Any, place: str) -> None:
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        schema = data.get("schema") if isinstance(data, dict) else None
        raise Refused(f"its schema is {schema!r}, and this version reads {SCHEMA}", place)
    results, files = data.get("results"), data.get("files")
    if not isinstance(results, dict) or not isinstance(files, dict):
        raise Refused("lacks results or files", place, _AS_SEALED)
    is_right = (
        type(results.get("count")) is int
        and 0 <= results["count"] <= MOST_RESULTS
        and is_digest(results.get("root"))
        and all(isinstance(data.get(key), str) for key in ("as_of", "evidence_id", "organisation"))
        and (data.get("parent") == "" or is_digest(data.get("parent")))
    )
    if not is_right:
        raise Refused("its results, parent or name are not what they must be", place, _AS_SEALED)
    for name, entry in files.items():
        refuse_name(name, place)
        if not isinstance(entry, dict) or {*entry} != {"bytes", "sha256"}:
            raise Refused(f"{name!r} has not just bytes and sha256", place, _AS_SEALED)
        if type(entry["bytes"]) is not int or not is_digest(entry["sha256"]):
            raise Refused(f"{name!r} has no size or hash", place, _AS_SEALED)
    refuse_twins((*files, MANIFEST, ENVELOPE), place)
    if f"{RUN}/{RESULTS}" not in files:
        raise Refused(f"names no {RUN}/{RESULTS}", place, _AS_SEALED)


def is_digest(value: object) -> bool:
    """Return whether a value is a SHA-256 as we write it."""
    return isinstance(value, str) and len(value) == 64 and _HEX.issuperset(value)


def differences(folder: Path, manifest: Manifest) -> list[str]:
    """Return what differs between the files of a bundle and its manifest, a sentence each.

    Raises Refused where the folder holds what no bundle may hold.
    """
    found = {name for name in files_of(folder) if name not in (MANIFEST, ENVELOPE)}
    named = manifest.files
    problems = [f"{name}: is missing" for name in sorted(named.keys() - found)]
    problems += [f"{name}: is not in the manifest" for name in sorted(found - named.keys())]
    for name in sorted(found & named.keys()):
        problems += _difference(folder / name, name, named[name])
    return problems


def _difference(path: Path, name: str, expected: Mapping[str, Any]) -> Iterator[str]:
    size = os.lstat(path).st_size
    if size != expected["bytes"]:
        yield f"{name}: has {size} bytes, and the manifest says {expected['bytes']}"
    elif (digest := sha256(path)) != expected["sha256"]:
        yield f"{name}: its SHA-256 is {digest}, and the manifest says {expected['sha256']}"


def parsed(text: bytes) -> dict[str, Any]:
    """Return the data of a manifest that `write` returned."""
    data: dict[str, Any] = json.loads(text)
    return data
