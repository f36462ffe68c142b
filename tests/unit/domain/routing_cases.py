"""The decision table of the channel choice: one row is one customer.

docs/routing.md shows the same rows (`python -m tests.unit.domain.routing_cases` prints them), and
a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from campaigns.domain.audience import Everyone
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose, Standing
from campaigns.domain.customer import AddressStatus, Profile
from campaigns.domain.pressure import Wishes
from campaigns.domain.release import Policy
from campaigns.domain.routing import Choice, choose

E, S, W, D, P = Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.X_DM, Channel.X_POST
SAID = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """A customer in words and in data, and what must be decided."""

    customer: str
    expected: str
    consents: dict[Channel, bool] = field(default_factory=dict)
    reachable: tuple[Channel, ...] = (E, S, W, D)
    dead: tuple[Channel, ...] = ()
    suppressed: tuple[Channel, ...] = ()
    prefers: Channel | None = None
    uses: dict[Channel, int] = field(default_factory=dict)
    country: str = "ES"
    may_dm: bool = False
    paused: bool = False
    capped: tuple[Channel, ...] = ()
    purpose: Purpose = Purpose.MARKETING
    channels: tuple[Channel, ...] = (E, S, W, D, P)

    def profile(self) -> Profile:
        status = dict.fromkeys(self.reachable, AddressStatus.ACTIVE)
        status |= dict.fromkeys(self.dead, AddressStatus.BOUNCED)
        return Profile(
            customer_id=1,
            ref="demo-1",
            locale="es_ES",
            country=self.country,
            time_zone="Europe/Madrid",
            stated_preference=self.prefers,
            reachable=status,
            suppressed=frozenset(self.suppressed),
            standings={c: (Standing("offers", yes, SAID),) for c, yes in self.consents.items()},
            uses=self.uses,
            may_dm=self.may_dm,
            wishes=Wishes(paused=self.paused),
            capped=frozenset(self.capped),
        )

    def policy(self) -> Policy:
        return Policy(
            channels=self.channels,
            purpose=self.purpose,
            topic="offers",
            audience=Everyone("everyone"),
            locales=("es_ES",),
            traits=(),
            post_locale="es_ES",
        )

    def decided(self) -> str:
        """The decision in the notation of the table: `sms ← most_used:3` or `skip: no_consent`."""
        decision = choose(self.profile(), self.policy())
        if isinstance(decision, Choice):
            return f"{decision.channel} ← {decision.reason.encode()}"
        return f"skip: {decision.encode()}"


ALL_YES = {E: True, S: True, W: True, D: True}

CASES = [
    Case("permits everything, says nothing", "email ← campaign_order", ALL_YES),
    Case("prefers SMS", "sms ← stated_preference", ALL_YES, prefers=S),
    Case(
        "prefers SMS but used e-mail more: what is said counts first",
        "sms ← stated_preference",
        ALL_YES,
        prefers=S,
        uses={E: 9},
    ),
    Case("says nothing, answered 3 times on WhatsApp", "whatsapp ← most_used:3", ALL_YES,
         uses={W: 3, E: 2}),
    Case("used SMS once: too little to go by", "email ← campaign_order", ALL_YES, uses={S: 1}),
    Case("equal uses: the campaign's order decides", "email ← most_used:2", ALL_YES,
         uses={E: 2, S: 2}),
    Case("consents to SMS only", "sms ← campaign_order|email=no_consent", {S: True}),
    Case(
        "prefers e-mail, opted out of it",
        "sms ← campaign_order|email=opted_out",
        {E: False, S: True},
        prefers=E,
    ),
    Case(
        "prefers e-mail, which bounced; used WhatsApp",
        "whatsapp ← most_used:4|email=address_dead",
        ALL_YES,
        dead=(E,),
        prefers=E,
        uses={W: 4},
    ),
    Case("prefers X and wrote to the brand there first", "x_dm ← stated_preference", ALL_YES,
         prefers=D, may_dm=True),
    Case(
        "prefers X, never wrote there: the next channel, and why",
        "email ← campaign_order|x_dm=not_written_first",
        ALL_YES,
        prefers=D,
    ),
    Case(
        "prefers X, never wrote there, permits nothing else: sees the public post",
        "skip: public_post_only|email=no_consent|sms=no_consent|whatsapp=no_consent"
        "|x_dm=not_written_first",
        {D: True},
        prefers=D,
    ),
    Case(
        "prefers WhatsApp, lives in the US: no marketing there",
        "email ← campaign_order|whatsapp=no_us_marketing",
        ALL_YES,
        prefers=W,
        country="US",
    ),
    Case(
        "prefers a channel that the campaign does not use",
        "email ← campaign_order|sms=not_in_campaign",
        ALL_YES,
        prefers=S,
        channels=(E, P),
    ),
    Case("never consented", "skip: no_consent|email=no_consent|sms=no_consent",
         channels=(E, S)),
    Case("said no to one, nothing to the other", "skip: opted_out|email=opted_out|sms=no_consent",
         {E: False}, channels=(E, S)),
    Case("consents, but has no address", "skip: no_address|email=no_address|sms=no_address",
         ALL_YES, reachable=(), channels=(E, S)),
    Case("the only address bounced", "skip: address_dead|email=address_dead|sms=no_address",
         ALL_YES, reachable=(), dead=(E,), channels=(E, S)),
    Case("the only address is suppressed", "skip: suppressed|email=suppressed", ALL_YES,
         suppressed=(E,), channels=(E,)),
    Case("a service message needs no consent", "email ← campaign_order", {},
         purpose=Purpose.SERVICE),
    Case("a service message heeds a no", "sms ← campaign_order|email=opted_out", {E: False},
         purpose=Purpose.SERVICE),
    Case("asked for a pause", "skip: paused|email=paused|sms=paused", ALL_YES, paused=True,
         channels=(E, S)),
    Case("has had enough messages lately", "skip: capped|email=capped|sms=capped", ALL_YES,
         capped=(E, S, W, D), channels=(E, S)),
    Case("prefers SMS, has had enough of them: the next channel",
         "email ← campaign_order|sms=capped", ALL_YES, prefers=S, capped=(S,)),
    Case("a service message heeds no pause and no cap", "email ← campaign_order", {},
         paused=True, capped=(E, S, W, D), purpose=Purpose.SERVICE),
]  # fmt: skip


def table() -> str:
    """The cases as the markdown table of docs/routing.md."""
    lines = ["| A customer who … | gets |", "|---|---|"]
    for case in CASES:
        expected = case.expected.replace("|", "\\|")
        lines.append(f"| {case.customer} | `{expected}` |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
