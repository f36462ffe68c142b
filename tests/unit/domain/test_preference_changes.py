"""What a request on a customer's own page changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.consent import ALL_TOPICS, Standing
from campaigns.domain.preference_changes import (
    one_click_channels,
    pause,
    resume,
    save,
    stop,
)
from campaigns.domain.preferences import Changes, Choices, Preferences, Reach, Subject, Wording

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
TOPICS = ("news", "offers")
EMAIL, SMS, WHATSAPP = Channel.EMAIL, Channel.SMS, Channel.WHATSAPP
PROOFS = {(c, t): f"{c} {t}" for c in PERSONAL_CHANNELS for t in (*TOPICS, ALL_TOPICS)}

_moments = st.integers(-100, 20).map(lambda days: NOW + timedelta(days=days))
_standings = st.lists(
    st.builds(Standing, st.sampled_from((*TOPICS, ALL_TOPICS, "events")), st.booleans(), _moments),
    max_size=4,
    unique_by=lambda s: s.topic,
).map(tuple)


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    """Customers with any history."""
    shared = (draw(st.booleans()), draw(st.booleans()))  # usable, suppressed: of one number
    reaches = []
    for channel in draw(st.lists(st.sampled_from(PERSONAL_CHANNELS), unique=True, max_size=4)):
        usable, suppressed = shared
        if channel not in (SMS, WHATSAPP):
            usable, suppressed = draw(st.booleans()), draw(st.booleans())
        key = "phone" if channel in (SMS, WHATSAPP) else str(channel)
        reaches.append(
            Reach(channel, "address", key, usable, suppressed or not usable, draw(_standings))
        )
    return Subject(1, 7, EMAIL, NOW, None, "Ada", "en_GB", None, "GB", None, tuple(reaches))


@st.composite
def forms(draw: st.DrawFn, subject: Subject) -> Choices:
    """Any answer to the boxes that the page shows."""
    offered = [(r.channel, t) for r in subject.reaches if r.usable for t in TOPICS]
    wanted = draw(st.lists(st.sampled_from(offered), unique=True)) if offered else []
    return Choices("en_GB", (), frozenset(offered), frozenset(wanted))


def after(subject: Subject, changes: Changes) -> Subject:
    """The customer once the changes are written, by the ledger's own rule."""
    known = {r.channel for r in subject.reaches}
    only_said = {c.channel for c in changes.consents} - known  # no address there, a no all the same
    bare = tuple(Reach(c, "", "", False, False, ()) for c in only_said)
    reaches = tuple(_after(r, changes) for r in (*subject.reaches, *bare))
    return replace(subject, reaches=reaches)


def _after(reach: Reach, changes: Changes) -> Reach:
    standings = {s.topic: s for s in reach.standings}
    for entry in changes.consents:
        if entry.channel is reach.channel:
            known = standings.get(entry.topic)
            if known is None or (entry.at, not entry.granted) > (known.at, not known.granted):
                standings[entry.topic] = Standing(entry.topic, entry.granted, entry.at)
    barred = reach.suppressed or reach.address_key in changes.suppress
    barred = barred and reach.address_key not in changes.lift
    return replace(reach, standings=tuple(standings.values()), suppressed=barred)


def got(subject: Subject, topics: tuple[str, ...] = (*TOPICS, "events", "unheard")) -> set[object]:
    """What marketing would be sent."""
    return {(r.channel, t) for r in subject.reaches for t in topics if r.gets(t)}


@given(st.data(), subjects())
def test_what_was_ticked_is_what_is_sent_whatever_the_history(
    data: st.DataObject, subject: Subject
) -> None:
    choices = data.draw(forms(subject))
    then = after(subject, save(subject, choices, PROOFS, now=NOW))
    assert {b for b in got(then) if b in choices.offered} == choices.wanted


@given(st.data(), subjects())
def test_nothing_that_the_form_did_not_show_is_sent_more_than_before(
    data: st.DataObject, subject: Subject
) -> None:
    choices = data.draw(forms(subject))
    then = after(subject, save(subject, choices, PROOFS, now=NOW))
    assert got(then) - choices.wanted <= got(subject)


@given(subjects())
def test_a_form_that_says_what_is_changes_nothing(subject: Subject) -> None:
    offered = {(r.channel, t) for r in subject.reaches if r.usable for t in TOPICS}
    wanted = {b for b in got(subject) if b in offered}
    choices = Choices("en_GB", (), frozenset(offered), frozenset(wanted))  # type: ignore[arg-type]
    assert not save(subject, choices, PROOFS, now=NOW)


@given(st.data(), subjects())
def test_saving_twice_changes_nothing_the_second_time(
    data: st.DataObject, subject: Subject
) -> None:
    choices = data.draw(forms(subject))
    then = after(subject, save(subject, choices, PROOFS, now=NOW))
    assert not save(then, choices, PROOFS, now=NOW + timedelta(minutes=1))


@given(st.data(), subjects())
def test_every_entry_has_the_words_of_its_own_box(data: st.DataObject, subject: Subject) -> None:
    choices = data.draw(forms(subject))
    for entry in save(subject, choices, PROOFS, now=NOW).consents:
        assert entry.proof.split()[0] == entry.channel
        if entry.topic != ALL_TOPICS:
            assert entry.proof == PROOFS[entry.channel, entry.topic]


@given(subjects(), st.sampled_from(PERSONAL_CHANNELS))
def test_after_a_stop_nothing_is_sent_there_and_the_rest_is_as_it_was(
    subject: Subject, via: Channel
) -> None:
    channels = one_click_channels(via)
    then = after(subject, stop(subject, channels, "proof", now=NOW))
    assert got(then) == {b for b in got(subject) if b[0] not in channels}  # type: ignore[index]
    assert not stop(then, channels, "proof", now=NOW + timedelta(days=1))


def test_an_unsubscribe_link_covers_what_its_kind_of_address_reaches() -> None:
    assert {via: one_click_channels(via) for via in PERSONAL_CHANNELS} == {
        EMAIL: (EMAIL,),
        SMS: (SMS, WHATSAPP),
        WHATSAPP: (SMS, WHATSAPP),
        Channel.X_DM: (Channel.X_DM,),
    }


def _nobody(**values: object) -> Subject:
    plain = Subject(1, 7, EMAIL, NOW, None, None, "en_GB", None, None, None, ())
    return replace(plain, **values)  # type: ignore[arg-type]


def test_the_no_of_somebody_without_an_address_there_is_kept_all_the_same() -> None:
    (entry,) = stop(_nobody(sent_to_key="k"), (EMAIL,), "proof", now=NOW).consents
    assert (entry.channel, entry.topic, entry.granted) == (EMAIL, ALL_TOPICS, False)


def test_a_break_lasts_thirty_days_and_ends_when_it_is_ended() -> None:
    asked = pause(_nobody(), now=NOW).preferences
    assert asked == Preferences(paused_until=NOW + timedelta(days=30))
    on_break = _nobody(preferences=asked)
    assert not pause(on_break, now=NOW + timedelta(hours=3))
    assert pause(on_break, now=NOW + timedelta(days=5))
    assert resume(on_break).preferences == Preferences()
    assert not resume(_nobody())


def test_an_order_that_is_sent_back_is_no_statement() -> None:
    subject = _nobody(preferred_channel=SMS)
    same = Choices("en_GB", (SMS,), frozenset(), frozenset(), weekly_most=2)
    changes = save(subject, same, PROOFS, now=NOW)
    assert changes.order is None
    assert changes.preferences == Preferences(weekly_most=2)
    other = save(subject, replace(same, order=(EMAIL, SMS)), PROOFS, now=NOW)
    assert other.order == (EMAIL, SMS)


def test_an_import_that_states_a_preference_comes_before_the_order_of_old() -> None:
    asked = Preferences(channels=(EMAIL, SMS))
    assert _nobody(preferred_channel=SMS, preferences=asked).order == (SMS, EMAIL)


def test_a_proof_holds_the_words_and_their_hash() -> None:
    proof = Wording("a page", "es_ES", "Marca\n lo que quieres").proof(7)
    assert proof.startswith("a page, es_ES, delivery 7: “Marca lo que quieres” sha256:")
