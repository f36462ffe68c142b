"""`campaigns` and `python -m campaigns`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; errors that a user can meet become one line and an exit code."""
    from campaigns.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
