"""manifest.json of a run. In: a run folder. Out: what it says, once it agrees with itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from reporter.errors import InputError

MANIFEST = "manifest.json"
OWN_ENTRY = "closed.json"
"""What a closed run carries of the chain. It is later than the manifest, which does not name it."""
PURGED = "purged.json"
"""What was removed from a run afterwards, and the hashes of before."""
BESIDE = (MANIFEST, OWN_ENTRY)
"""The files of a run that are no outputs of its manifest."""


def read_manifest(run: Path) -> dict[str, Any]:
    """Return the manifest of a run; raise InputError where there is none, or its evidence id does
    not follow from its hashes.
    """
    path = run / MANIFEST
    try:
        data: dict[str, Any] = json.loads(path.read_bytes())
        _ = [data["outputs"][name]["sha256"] for name in data["outputs"]]
        hashes, _ = dict(data["hashes"]), data["organisation"]
        for moment in (data["as_of"], *data["period"]):
            datetime.fromisoformat(moment)
        identity = hashes.pop("evidence_id")
    except FileNotFoundError as error:
        hint = f"It cannot be verified without {MANIFEST}."
        raise InputError(f"no {MANIFEST} in it; is it a run folder?", str(run), hint) from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"is not a manifest of a run: {error!r}", str(path)) from error
    text = json.dumps(hashes, sort_keys=True)
    if hashlib.sha256(text.encode()).hexdigest() != identity:
        raise InputError("its evidence_id does not follow from its hashes", str(path))
    return data


def reports_of(manifest: Mapping[str, Any], data: str) -> list[str]:
    """Return the hashes by which later runs may name a run: that of its data, and those of before
    each purge.
    """
    before = [p.get(data, "") for p in manifest.get("purged", ())]
    return [*filter(None, [*before, manifest["outputs"].get(data, {}).get("sha256", "")])]


def is_without_people(run: Path) -> bool:
    """Tell whether a purge replaced the people of a run: its results are known by their ids."""
    if not (run / MANIFEST).is_file():
        return False  # it is being made
    return any(purge.get("people") for purge in read_manifest(run).get("purged", ()))
