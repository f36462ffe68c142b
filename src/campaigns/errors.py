"""Every error a user can meet, in one tree.

A message names the place (file and line where there is one), what was found, what is allowed and
the way out. The command line prints it without a traceback and exits with `exit_code`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

#: By pydantic's name of a mistake: what to write, in words for people who know no Python.
WHAT_TO_WRITE: Final = {
    "bool_parsing": "write true or false",
    "int_parsing": "write a whole number",
    "list_type": "write a list, such as [one, two]",
    "tuple_type": "write a list, such as [one, two]",
    "date_parsing": "write a day that exists, such as 2027-03-31",
    "date_from_datetime_parsing": "write a day that exists, such as 2027-03-31",
}


class CampaignsError(Exception):
    """Base of all errors raised on purpose. `exit_code` is the command line's."""

    exit_code = 1


class UserError(CampaignsError):
    """The input is wrong: a file, a name, an option, a setting. The user can mend it."""

    exit_code = 2


class FileError(UserError):
    """A file is wrong at a place: `path:line: what was found. How to mend it.`"""

    def __init__(self, message: str, *, path: Path | str, line: int | None = None) -> None:
        self.path = Path(path)
        self.line = line
        self.message = message
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{where}: {message}")


class FilesError(UserError):
    """Several files or places are wrong; all are told at once, one per line."""

    def __init__(self, errors: Sequence[FileError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(e) for e in errors))


class NotFoundError(UserError):
    """A campaign, customer, delivery, run or release that does not exist."""


class ErasedError(UserError):
    """Somebody who was erased at their own request is to come in again: they do not."""


class EmptyAudienceError(UserError):
    """Nobody is in the audience: nothing was sent."""


class ApprovalNeededError(UserError):
    """The campaign runs only as an approved release, and nobody has approved this one."""


class BudgetError(UserError):
    """The run would cost more than the campaign's budget: nothing is sent."""


class ConfigurationError(UserError):
    """A setting is missing or wrong; the message names the setting."""


class OutageError(CampaignsError):
    """Something of others cannot be used for a while: what was begun goes on by itself later.

    `because` is what is told of the run for as long as it waits; `way_on` is for whoever is there.
    """

    exit_code = 3

    def __init__(self, because: str, way_on: str = "") -> None:
        self.because = because
        super().__init__(f"{because} {way_on}".rstrip())


class DatabaseError(OutageError):
    """The database cannot be reached or written; what was committed is kept."""

    exit_code = 2


class ProviderUnreachableError(OutageError):
    """A provider does not answer: nothing is lost, the same command goes on once it does."""


class WorkerLostError(CampaignsError):
    """Worker processes are ended by force again and again: nothing is lost, and a new start of the
    campaign goes on."""

    exit_code = 3


class RunHeldError(CampaignsError):
    """A run waits for a person: it was paused by one, or held for a decision."""

    exit_code = 3


class UnarmedError(CampaignsError):
    """The database was restored or copied: nothing is sent until somebody arms it."""

    exit_code = 3


class RunStoppedError(CampaignsError):
    """A provider refused the campaign's configuration or content: the run stopped at once,
    what was not sent is cancelled, and belongs to the next run once that is mended."""

    exit_code = 3


class TerminatedError(KeyboardInterrupt):
    """SIGTERM: a machine, or what runs programs on it, is shut down. As Ctrl-C everywhere, but that
    nobody decided to stop the run: it goes on by itself."""
