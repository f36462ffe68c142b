"""`campaigns` and `python -m campaigns`."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from campaigns.errors import TerminatedError


def main() -> None:
    """Run the command line; errors that a user can meet become one line and an exit code."""
    from campaigns.cli import run

    # By which a machine is shut down: as Ctrl-C, so that what is on its way is finished and
    # recorded, but that nobody decided it. Commands that serve have handlers of their own.
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(run(sys.argv[1:]))


def _terminated(_number: int, _frame: FrameType | None) -> None:
    raise TerminatedError


if __name__ == "__main__":
    main()
