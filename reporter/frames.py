"""A run as pandas frames, for notebooks. In: a run folder. Out: DataFrames; nothing else in Reporter needs pandas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("check", "subject", "verdict", "reason", "ref", "actor", "owner", "tier_lo", "tier_hi")


def evidence(run: Path) -> pd.DataFrame:
    """Return every cell of a run, one row each.

    Columns: check, subject, verdict (pass | fail | unknown | ...), reason, ref (file#record), actor, owner,
    tier_lo, tier_hi (1-4). Raises InputError when the folder holds no evidence.
    """
    import pandas as pd

    from reporter.runfolder import read_cells

    return pd.DataFrame(read_cells(run), columns=list(COLUMNS))


def verdicts(run: Path) -> pd.DataFrame:
    """Return the number of cells per check (rows) and verdict (columns)."""
    import pandas as pd

    cells = evidence(run)
    return pd.crosstab(cells["check"], cells["verdict"])
