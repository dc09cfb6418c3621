"""Show from evidence how far AI agents are governed as identities.

`assess` checks a workspace and leaves a run, `open` reads one; both return a `Run`, whose tables
are pandas DataFrames."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reporter.api import Comparison, Run, assess, open
    from reporter.errors import ContentError, InputError, ReporterError

__all__ = ["Comparison", "ContentError", "InputError", "ReporterError", "Run", "assess", "open"]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and no more: `reporter --help` asks for nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from reporter import api, errors

    return getattr(errors, name, None) or getattr(api, name)
