"""Lay out the workspaces of Brightwater Utilities."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from pathlib import Path
from typing import Any

from utility import (
    cloud,
    cluster,
    code,
    directory,
    gateway,
    governance,
    papers,
    service,
    siem,
    suppliers,
)
from utility.cast import QUARTERS, Quarter

SETTINGS = """\
organisation: Brightwater Utilities
unit: Group
period:
  from: {begin:%Y-%m-%d}
  to: {end:%Y-%m-%d}
as_of: {end:%Y-%m-%d}
profile: baseline
log_sources:
  aws-cloudtrail: {{every: day, share: 90}}
  litellm: {{every: day, share: 90}}
  kubernetes-audit: {{every: day, share: 90}}
  squid.log: {{every: day, share: 90}}
baseline: {{approved_by: ingrid.falk@brightwater.example.com, approved_at: {begin:%Y}-03-25}}
approvers:
  baseline: [ingrid.falk@brightwater.example.com]
"""


def write(out: Path) -> None:
    """Write every quarter below a folder."""
    for quarter in QUARTERS:
        folder = out / quarter.id
        shutil.rmtree(folder, ignore_errors=True)
        _put(
            folder / "reporter.yml", SETTINGS.format(begin=quarter.begin, end=quarter.end).encode()
        )
        for name, value in _files(quarter).items():
            _put(folder / name, _written(Path(name), value))


def _files(quarter: Quarter) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for part in (
        directory,
        cloud,
        cluster,
        gateway,
        code,
        service,
        papers,
        siem,
        governance,
        suppliers,
    ):
        made |= part.files(quarter)
    return made


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _written(name: Path, value: Any) -> bytes:
    packed = name.suffix == ".gz"
    suffix = name.with_suffix("").suffix if packed else name.suffix
    if isinstance(value, str):
        text = value
    elif suffix == ".jsonl":
        text = "".join(
            json.dumps(v, ensure_ascii=False, separators=(",", ":")) + "\n" for v in value
        )
    elif suffix == ".csv":
        sheet = io.StringIO()
        writer = csv.DictWriter(sheet, list(value[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(value)
        text = sheet.getvalue()
    else:
        text = (
            json.dumps(
                value,
                ensure_ascii=False,
                separators=(",", ":") if packed else None,
                indent=None if packed else 1,
            )
            + "\n"
        )
    data = text.encode()
    if packed:
        data = gzip.compress(data, mtime=0)
        data = data[:9] + b"\xff" + data[10:]  # the byte that names the system it was packed on
    return data
