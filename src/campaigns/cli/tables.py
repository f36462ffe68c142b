"""The option of commands that read a table somebody else has written."""

from __future__ import annotations

import click

encoding_option = click.option("--encoding", help="If the file is not UTF-8, e.g. latin-1.")
