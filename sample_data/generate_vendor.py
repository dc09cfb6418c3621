"""Write the sample workspaces of Brightwater Utilities, an invented company that has only what vendors export.

In: the cast and each vendor's shapes (utility/). Out: brightwater/<quarter>/, the same bytes each time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from utility import workspace


def main() -> None:
    """Write every quarter below the folder asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "brightwater")
    workspace.write(parser.parse_args().out)


if __name__ == "__main__":
    main()
