"""Who clicked: a person, a program, or somebody of whom that cannot be said.

Mail gateways open every link to look for harm, mail programs fetch ahead, previews do both. The
rules (design rules, "Opens and clicks"): a program that says so is a machine; a click that no
reader is quick enough for, on a link no reader sees, on three links in two seconds, or from one
address for many people, is suspect. Only a person's click says anything about a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from campaigns.domain.interaction import Agent

if TYPE_CHECKING:
    from crawlerdetect import CrawlerDetect

#: A gateway looks at a mail within seconds of its arrival.
TOO_SOON = timedelta(seconds=60)
#: So many different links of one message within so short a time.
MANY_LINKS, AT_ONCE = 3, timedelta(seconds=2)
#: Different people from one address within a day. A family or an office is fewer; a mobile
#: carrier's shared address is more, and its clicks then count as suspect: too few known
#: preferences do less harm than invented ones.
MANY_PEOPLE = 20
#: The link that no reader sees: it stands in every mail, and only programs follow it.
TRAP = "trap"

#: Browsers, mail programs and proxies that fetch before anybody asks.
_AHEAD_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around a click.

    Attributes:
        arrived_at: when the message was delivered; when it was accepted, where that is not known.
        links: different links of the message clicked within AT_ONCE of it, itself included.
        people: different customers clicking from its address that day, itself included.
    """

    arrived_at: datetime | None
    links: int
    people: int


def agent_of_request(method: str, headers: Mapping[str, str], link: str) -> Agent | None:
    """What the request alone gives away: a machine, a suspect, or nothing."""
    if method != "GET" or any(_is_ahead(headers.get(name, "")) for name in _AHEAD_HEADERS):
        return Agent.MACHINE
    user_agent = headers.get("user-agent", "").strip()
    # Apple's Mail Privacy Protection says no more than `Mozilla/5.0`; browsers always say more.
    if not user_agent or user_agent == "Mozilla/5.0" or is_crawler(user_agent):
        return Agent.MACHINE
    return Agent.SUSPECT if link == TRAP else None


def agent_of_click(at: datetime, around: Surroundings) -> Agent:
    """The class of a click whose request gave nothing away."""
    soon = around.arrived_at is not None and at < around.arrived_at + TOO_SOON
    if soon or around.links >= MANY_LINKS or around.people >= MANY_PEOPLE:
        return Agent.SUSPECT
    return Agent.HUMAN


def is_crawler(user_agent: str) -> bool:
    """Whether a program that says who it is sent this (crawlerdetect's list)."""
    return bool(_detector().is_crawler(user_agent[:500]))


def _is_ahead(value: str) -> bool:
    return "prefetch" in value.lower() or "preview" in value.lower()


@cache
def _detector() -> CrawlerDetect:
    from crawlerdetect import CrawlerDetect

    return CrawlerDetect()
