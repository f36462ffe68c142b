"""`campaigns` and `python -m campaigns`."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command line; errors that a user can meet become one line and an exit code."""
    from campaigns.cli import run

    # By which a machine is shut down: as Ctrl-C, so that what is on its way is finished and
    # recorded. Commands that serve have handlers of their own.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
