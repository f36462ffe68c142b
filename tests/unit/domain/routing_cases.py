"""The decision table of the channel choice: one row is one customer.

docs/routing.md shows the same rows (`python -m tests.unit.domain.routing_cases` prints them), and
a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from campaigns.domain.audience import Everyone
from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.consent import Purpose, Standing
from campaigns.domain.customer import AddressStatus, Profile
from campaigns.domain.engagement import UNKNOWN, Engagement, Tally
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.pressure import Wishes
from campaigns.domain.reason import Choice
from campaigns.domain.release import Policy
from campaigns.domain.routing import choose

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
    then: tuple[Channel, ...] = ()  # the rest of the stated order
    did: dict[Channel, tuple[int, int]] = field(default_factory=dict)  # replies of messages
    explore: float | None = None
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
            engagement=self.engagement(),
            may_dm=self.may_dm,
            wishes=Wishes(paused=self.paused, order=self.then),
            capped=frozenset(self.capped),
        )

    def engagement(self) -> dict[Channel, Engagement]:
        """As the store has it: every channel, or nothing."""
        if not self.did:
            return {}
        counts = {c: self.did.get(c, (0, 0)) for c in PERSONAL_CHANNELS}
        return {
            c: Engagement(
                Tally(y, n, InteractionKind.REPLIED if y else None),
                UNKNOWN.updated(y, max(n, y)),
            )
            for c, (y, n) in counts.items()
        }

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
        """The decision in the notation of the table: `sms ← stated_preference`."""
        decision = choose(self.profile(), self.policy(), self.explore)
        if isinstance(decision, Choice):
            return f"{decision.channel} ← {decision.reason.encode()}"
        return f"skip: {decision.encode()}"


ALL_YES = {E: True, S: True, W: True, D: True}

CASES = [
    Case("permits everything, says nothing", "email ← campaign_order", ALL_YES),
    Case("prefers SMS", "sms ← stated_preference", ALL_YES, prefers=S),
    Case(
        "prefers SMS, answers e-mail more: what is said counts first",
        "sms ← stated_preference",
        ALL_YES,
        prefers=S,
        did={E: (9, 9)},
    ),
    Case("prefers WhatsApp, then SMS; WhatsApp bounced", "sms ← stated_preference"
         "|whatsapp=address_dead", ALL_YES, dead=(W,), prefers=W, then=(W, S, E)),
    Case("says nothing, replied to 3 of 5 SMS and to no e-mail of 9",
         "sms ← learnt:sms 3/5 replied,email 0/9", ALL_YES, did={S: (3, 5), E: (0, 9)}),
    Case("wrote 3 times on WhatsApp before we ever did",
         "whatsapp ← learnt:whatsapp 3/0 replied,email 0/0", ALL_YES, did={W: (3, 0)}),
    Case("answered one SMS: too little to go by", "email ← campaign_order", ALL_YES,
         did={S: (1, 1), E: (0, 9)}),
    Case("answers SMS a little better than e-mail: not clearly", "email ← campaign_order", ALL_YES,
         did={S: (3, 9), E: (2, 9)}),
    Case("answers e-mail best, where the campaign starts anyway",
         "email ← learnt:email 6/9 replied,sms 1/9 replied", ALL_YES,
         did={E: (6, 9), S: (1, 9), W: (0, 4), D: (0, 4)}),
    Case("is one of the few with whom another channel is tried", "whatsapp ← exploring", ALL_YES,
         did={E: (6, 9), S: (0, 9)}, explore=0.5),
    Case("is one of the few, but prefers SMS", "sms ← stated_preference", ALL_YES, prefers=S,
         explore=0.5),
    Case("consents to SMS only", "sms ← campaign_order|email=no_consent", {S: True}),
    Case(
        "prefers e-mail, opted out of it",
        "sms ← campaign_order|email=opted_out",
        {E: False, S: True},
        prefers=E,
    ),
    Case(
        "prefers e-mail, which bounced; answers on WhatsApp",
        "whatsapp ← learnt:whatsapp 4/6 replied,sms 0/4|email=address_dead",
        ALL_YES,
        dead=(E,),
        prefers=E,
        did={W: (4, 6), S: (0, 4)},
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
    Case("permits WhatsApp only, lives in the US",
         "skip: no_us_marketing|whatsapp=no_us_marketing", {W: True}, channels=(W,), country="US"),
    Case("permits X only, never wrote there, and nothing is posted",
         "skip: not_written_first|x_dm=not_written_first", {D: True}, channels=(D,)),
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
