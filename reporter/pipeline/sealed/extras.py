"""What only sealing needs, loaded when it is asked for. In: the name of a module. Out: the module,
or an error that says what to install.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from reporter.errors import InputError

SEAL, STAMP, SIGN_PDF = "seal", "timestamp", "pades"
"""The extras of our package."""


def needed(module: str, extra: str) -> Any:
    """Return a module of an extra; raise InputError where it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise InputError(
            f"{module.partition('.')[0]} is not installed: {error}",
            hint=f"Install it: pip install 'agent-reporter[{extra}]'.",
        ) from error


def canonical(value: Any) -> bytes:
    """Return JSON values in the form of RFC 8785: one text for one value, so that a hash of it is
    a hash of the value. Raises InputError where the extra is not installed.
    """
    data: bytes = needed("rfc8785", SEAL).dumps(value)
    return data
