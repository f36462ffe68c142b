"""An outage: why the engine paused a run that goes on by itself, and when that is tried.

What somebody has to mend or to decide (a wrong key, a plan that changed, a person's own pause) is
none. The audit trail alone remembers: a pause for an outage, and each time that the run is taken up
again, are lines with what is known here, and the newest decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from campaigns.domain.audit import DECIDING, ENGINE, Action, AuditEntry
from campaigns.domain.counting import counted
from campaigns.domain.moments import dated
from campaigns.domain.pace import SET_BACK

#: Between a pause and the first time that the run is taken up; doubled each time in vain. No less
#: than the breaker's longest pause (domain.pace): every sender may be tried by then.
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=1)
#: So many crashes of a run are made up for. Each may leave what was under way in doubt, so a
#: machine that runs out of memory every time must not go on for ever.
MOST_CRASHES = 3

#: What says whether a run is paused for an outage; the newest of these decides.
TELLING = frozenset({*DECIDING, Action.TAKEN_UP})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Names in the trail's data.
_TRIES, _SINCE, _CRASHES, _OPENS = "tries", "since", "crashes", "opens"


@dataclass(frozen=True, slots=True)
class Outage:
    """Attributes:
    because: in words.
    since: when the run was first paused for it, without a message accepted since.
    tries: times that it was taken up in vain since then.
    last: when it was paused, or taken up, last.
    crashes: times in this run that whoever sent it crashed.
    opens: when the first of the providers may be asked again, as far as it said.
    """

    because: str
    since: datetime
    tries: int
    last: datetime
    crashes: int = 0
    opens: datetime | None = None

    @classmethod
    def of(cls, newest: AuditEntry | None) -> Self | None:
        """What the newest entry of TELLING says; None where it tells of no outage."""
        told = newest.data if newest else {}
        if newest is None or newest.actor != ENGINE or _TRIES not in told:
            return None
        return cls(
            because=newest.why,
            since=_moment(told[_SINCE]),
            tries=int(told[_TRIES] or 0),
            last=newest.at,
            crashes=int(told.get(_CRASHES) or 0),
            opens=_moment(told[_OPENS]) if told.get(_OPENS) else None,
        )

    @property
    def again_at(self) -> datetime:
        """From when on the run may be taken up again."""
        waited = self.last + min(LONGEST_WAIT, FIRST_WAIT * (1 << min(self.tries, 10)))
        return waited if self.opens is None else max(waited, self.opens)

    def is_over(self, now: datetime) -> bool:
        """Whether the run may be taken up; also where the clock was set back since."""
        return now >= self.again_at or self.last - now > SET_BACK

    @property
    def data(self) -> Mapping[str, int]:
        """As the trail keeps it."""
        told = {_TRIES: self.tries, _SINCE: _seconds(self.since), _CRASHES: self.crashes}
        return told if self.opens is None else {**told, _OPENS: _seconds(self.opens)}

    def __str__(self) -> str:
        """`E-mail: …; taken up 2 times in vain since 1 Mar 2027 03:00 UTC`."""
        if not self.tries:
            return self.because
        times = counted(self.tries, "time")
        return f"{self.because}; taken up {times} in vain since {dated(self.since)}"


def begins(
    because: str,
    now: datetime,
    before: Outage | None,
    *,
    accepted: bool,
    crashed: bool = False,
    opens: datetime | None = None,
) -> Outage | None:
    """The outage that a run is paused for now; None where a person has to look.

    `before`: what the trail told of this run; it goes on where no message was `accepted` since.
    """
    crashes = (before.crashes if before else 0) + crashed
    if crashes > MOST_CRASHES:
        return None
    if before is None or accepted:
        return Outage(because, now, 0, now, crashes, opens)
    return Outage(because, before.since, before.tries, now, crashes, opens)


def in_words_of_too_many(because: str) -> str:
    """Why a run is paused that has crashed too often, and what to do."""
    return (
        f"{because}, for the {MOST_CRASHES + 1}th time in this run: it does not go on by itself "
        "any more. See why (the log of the flow run, the memory of its machine) before going on"
    )


def taken_up(outage: Outage, now: datetime) -> Outage:
    """The same once the run has been taken up once more."""
    return replace(outage, tries=outage.tries + 1, last=now, opens=None)


def _seconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(seconds=1)


def _moment(seconds: object) -> datetime:
    return _EPOCH + timedelta(seconds=int(str(seconds)))
