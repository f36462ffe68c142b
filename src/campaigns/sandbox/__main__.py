"""`python -m campaigns.sandbox`: run the sandbox on its own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from campaigns.errors import CampaignsError


def main() -> int:
    """Parse the options and run until told to stop."""
    parser = argparse.ArgumentParser(prog="campaigns.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8025, help="on loopback; 0 takes a free one")
    parser.add_argument("--smtp-port", type=int, help="for mail over SMTP; the port after --port")
    parser.add_argument("--home", type=Path, required=True, help="where the log is kept")
    parser.add_argument("--faults", type=Path, help="JSON file of ways to misbehave")
    parser.add_argument("--config", type=Path, help="JSON file of keys, senders and limits")
    parser.add_argument(
        "--webhooks", default="", metavar="URL", help="a public app to tell events to"
    )
    parser.add_argument("--record", type=int, default=0, metavar="N", help="keep N requests whole")
    parser.add_argument("--quiet", action="store_true", help="print the address only")
    options = parser.parse_args()
    from campaigns.sandbox.config import SandboxConfig
    from campaigns.sandbox.server import run_sandbox

    try:
        run_sandbox(
            port=options.port,
            smtp_port=options.smtp_port,
            home=options.home,
            faults=options.faults,
            config=SandboxConfig.from_file(options.config) if options.config else None,
            record=options.record,
            quiet=options.quiet,
            webhooks=options.webhooks,
        )
    except CampaignsError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
