"""One finding proven without the rest of a bundle. In: a bundle, the id of a finding. Out: a file
that holds the results, what leads from each to the signed root, and the signature; and its check.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporter.errors import InputError
from reporter.pipeline.sealed import manifest as manifests
from reporter.pipeline.sealed.extras import canonical
from reporter.pipeline.sealed.manifest import ENVELOPE, RUN, is_digest, strict_json
from reporter.pipeline.sealed.merkle import leaf_hash, path_to, root_by
from reporter.pipeline.sealed.names import Refused, opened
from reporter.pipeline.sealed.signature import Signed, check
from reporter.runs.store import Results

SCHEMA = "agent-maturity-proof/1"
LARGEST = 256 << 20
_AS_MADE = "Take the proof as it was made."


@dataclass(frozen=True, slots=True)
class Proven:
    """Results that a signature covers."""

    signed: Signed
    results: tuple[dict[str, Any], ...]


def prove(bundle: Path, finding: str) -> bytes:
    """Return the proof of the results of a finding: the id of a result, or of a cause that explains
    several.

    Raises InputError where the bundle has none of that id, Refused where it is no bundle.
    """
    with opened(bundle) as folder:
        run, manifest = folder / RUN, manifests.read(folder)
        envelope = (folder / ENVELOPE).read_bytes() if (folder / ENVELOPE).is_file() else b""
        check(envelope, str(folder / ENVELOPE), None)
        found = Results(run, ()).query(
            "SELECT place FROM held WHERE id = ? OR cause = ? ORDER BY place", [finding, finding]
        )
        manifests.refuse_columns(run)
        places = [place for (place,) in found]
        if not places:
            raise InputError(
                f"no result and no cause {finding!r}",
                str(bundle),
                "Ids are the column id of results.parquet, and that of causes.csv.",
            )
        texts = list(manifests.leaves(run))
    hashes = [leaf_hash(text) for text in texts]
    results = [
        {
            "place": place,
            "leaf": texts[place].decode(),
            "path": [step.hex() for step in path_to(hashes, place)],
        }
        for place in places
    ]
    data = {
        "schema": SCHEMA,
        "finding": finding,
        "root": manifest.data["results"]["root"],
        "count": len(texts),
        "results": results,
        "envelope": json.loads(envelope),
    }
    return canonical(data)


def check_proof(path: Path, public: Any | None) -> Proven:
    """Return what a proof proves, with the public key of who signed it, or without one.

    Raises InputError where there is no such file, Refused where anything in it does not hold.
    """
    if not path.is_file():
        raise InputError("no such file", str(path), "Give the file of `reporter seal --proof`.")
    place = str(path)
    if path.stat().st_size > LARGEST:
        raise Refused("is larger than a proof", place, _AS_MADE)
    text = path.read_bytes()
    data = strict_json(text, place)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise Refused(f"is no {SCHEMA}", place, _AS_MADE)
    if canonical(data) != text:
        raise Refused("is not in the form of RFC 8785", place, _AS_MADE)
    signed = check(canonical(data.get("envelope")), place, public)
    if (data.get("root"), data.get("count")) != (signed.root, signed.count):
        raise Refused("its root or count is not the one that was signed", place, _AS_MADE)
    entries = data.get("results")
    if not isinstance(entries, list) or not entries:
        raise Refused("holds no result", place, _AS_MADE)
    return Proven(signed, tuple(_proven(e, data.get("finding"), signed, place) for e in entries))


def _proven(entry: Any, finding: object, signed: Signed, place: str) -> dict[str, Any]:
    try:
        leaf = str(entry["leaf"]).encode()
        path = [bytes.fromhex(step) for step in entry["path"] if is_digest(step)]
        is_whole = {*entry} == {"leaf", "path", "place"} and len(path) == len(entry["path"])
        root = root_by(leaf_hash(leaf), entry["place"], signed.count, path) if is_whole else b""
    except (TypeError, KeyError, ValueError) as error:
        raise Refused(f"a result in it is none: {error!r}", place, _AS_MADE) from error
    if root.hex() != signed.root:
        raise Refused("a result in it does not lead to the signed root", place, _AS_MADE)
    result: dict[str, Any] = strict_json(leaf, place)
    if not finding or finding not in (result.get("id"), result.get("cause")):
        raise Refused(f"a result in it is not of {finding!r}", place, _AS_MADE)
    return result
