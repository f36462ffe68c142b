"""`campaigns measure`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from campaigns.cli.output import json_option, print_json
from campaigns.domain.channel import Channel
from campaigns.errors import UserError


@click.command("measure")
@click.option("--channel", required=True, type=click.Choice([str(c) for c in Channel]))
@click.option(
    "--file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Text to measure (UTF-8), exactly as it is; without it, standard input.",
)
@json_option
def measure_command(channel: str, file: Path | None, as_json: bool) -> int:
    """Tell how long a text is on a channel: encoding, segments or weighted length, and if it fits.

    Reads the text as it is, a line break at the end included. Exits 1 when it does not fit.
    """
    from campaigns.bootstrap.tools import measure

    raw = file.read_bytes() if file else sys.stdin.buffer.read()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{file or 'standard input'}: not UTF-8 at byte {error.start + 1}. Save it as UTF-8."
        ) from None
    measured = measure(Channel(channel), text)
    if as_json:
        print_json(measured)
    else:
        click.echo(", ".join(f"{k.replace('_', ' ')} {v}" for k, v in _words(measured).items()))
    return 0 if measured["valid"] else 1


def _words(measured: dict[str, object]) -> dict[str, object]:
    fits = "yes" if measured["valid"] else "no"
    return {k: v for k, v in measured.items() if k not in {"channel", "valid"}} | {"fits": fits}
