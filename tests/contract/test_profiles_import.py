"""What an import does to profiles, on SQLite and PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.domain.channel import Channel
from campaigns.domain.consent import ConsentSource
from campaigns.domain.customer import AddressStatus
from campaigns.domain.interaction import InteractionKind
from campaigns.errors import NotFoundError
from campaigns.services import import_customers
from campaigns.services.import_customers import ImportReport
from campaigns.sources.customer_file import open_customer_file
from campaigns.sources.refusal_file import RefusalFile
from campaigns.store import consents, schema
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database, bar_intents
from tests.contract.profiles_world import Importing
from tests.databases import empty
from tests.files import NOW

LATER = NOW + timedelta(days=30)


@pytest.fixture
def importing(database: Database, tmp_path: Path) -> Importing:
    return Importing(database, tmp_path)


# Who ------------------------------------------------------------------------------------------


def test_a_row_becomes_a_customer_with_everything_it_says(importing: Importing) -> None:
    report = importing(
        "id,email,phone,x,name,surname,lang,land,prefers,points,tier,offers,said_on\n"
        "7,Ana@Example.com,600000001,@Demo_Ana,Ana,Puig,ca,ES,sms,120,gold,yes,2024-05-06\n"
    )
    assert (report.rows, report.created) == (1, 1)
    view = importing.show("7")
    assert (view.ref, view.first_name, view.last_name) == ("7", "Ana", "Puig")
    assert (view.locale, view.country, view.preferred_channel) == ("ca", "ES", Channel.SMS)
    assert view.attributes == {"points": 120, "tier": "gold"}
    assert {(a.channel, a.address, a.status) for a in view.addresses} == {
        (Channel.EMAIL, "Ana@example.com", AddressStatus.ACTIVE),
        (Channel.SMS, "+34600000001", AddressStatus.ACTIVE),
        (Channel.WHATSAPP, "+34600000001", AddressStatus.ACTIVE),
        (Channel.X_DM, "demo_ana", AddressStatus.ACTIVE),
    }
    (consent,) = view.consents
    assert (consent.source, consent.actor, consent.proof) == (
        ConsentSource.IMPORT,
        "test import",
        "customers.csv:2",
    )
    assert str(consent.at) == "2024-05-06 00:00:00+00:00"


@pytest.mark.parametrize(
    "who", ["7", "ana@example.com", " ANA@EXAMPLE.COM", "+34 600 000 001", "@demo_ana"]
)
def test_a_customer_is_found_by_id_and_by_every_address(importing: Importing, who: str) -> None:
    importing("id,email,phone,x\n7,ana@example.com,+34600000001,demo_ana\n")
    assert importing.show(who).ref == "7"


def test_who_is_not_there_is_told_with_the_way_out(importing: Importing) -> None:
    with pytest.raises(NotFoundError, match=r"no customer `eva@example\.com`"):
        importing.profiles.find("eva@example.com")


def test_a_phone_of_several_customers_asks_for_one_by_id(importing: Importing) -> None:
    importing("id,phone\n7,+34600000001\n8,+34600000001\n")
    with pytest.raises(NotFoundError, match="several customers; name one by id: 7, 8"):
        importing.profiles.find("+34600000001")


def test_importing_again_changes_nothing(importing: Importing) -> None:
    content = (
        "id,email,phone,name,points,offers,news,clicks,bought,seen\n"
        "7,ana@example.com,+34600000001,Ana,5,yes,no,2,1,2027-01-02\n"
        "8,,+34600000002,Eva,,,,0,,\n"
        ",carla@example.com,,Carla,,,yes,,,\n"
    )
    assert importing(content).created == 3
    before = importing.snapshot()
    report = importing(content, now=LATER)
    assert (report.created, report.updated, report.unchanged) == (0, 0, 3)
    assert importing.snapshot() == before


def test_importing_again_updates_what_the_file_says_and_nothing_else(importing: Importing) -> None:
    importing("id,email,name,surname,points,tier\n7,ana@example.com,Ana,Puig,5,gold\n")
    report = importing("id,email,name,points\n7,new@example.com,,6\n", now=LATER)
    assert (report.created, report.updated, report.unchanged) == (0, 1, 0)
    view = importing.show("7")
    assert (view.first_name, view.last_name) == ("Ana", "Puig")
    assert view.attributes == {"points": 6, "tier": "gold"}
    assert [a.address for a in view.addresses] == ["new@example.com"]
    assert (view.created_at, view.updated_at) == (NOW, LATER)
    with pytest.raises(NotFoundError):
        importing.profiles.find("ana@example.com")


def test_a_default_does_not_replace_what_is_known(importing: Importing) -> None:
    mapping = "defaults: {locale: en_GB, country: GB}\nref: id\nfields: {email: email}\n"
    importing("id,email,lang,land\n7,ana@example.com,ca_ES,ES\n")
    importing("id,email\n7,ana@example.com\n8,bo@example.com\n", mapping=mapping)
    assert (importing.show("7").locale, importing.show("7").country) == ("ca_ES", "ES")
    assert (importing.show("8").locale, importing.show("8").country) == ("en_GB", "GB")


def test_without_an_id_the_email_tells_who_it_is_in_any_spelling(importing: Importing) -> None:
    importing("email,name\nana@example.com,Ana\n")
    report = importing("email,name\nAna <ANA@Example.com>,Anna\n")
    assert (report.created, report.updated) == (0, 1)
    assert importing.show("ana@example.com").first_name == "Anna"


def test_without_id_and_email_the_phone_tells_who_it_is(importing: Importing) -> None:
    importing("phone,name\n+34 600 000 001,Ana\n")
    assert importing("phone,land,name\n600000001,ES,Ana\n").created == 0
    assert importing.count("customers") == 1


def test_a_made_ref_tells_nothing_of_the_address(importing: Importing) -> None:
    importing("email\nana@example.com\n")
    ref = importing.show("ana@example.com").ref
    assert ref.startswith("email:")
    assert "ana" not in ref


def test_a_customer_known_by_address_takes_the_id_of_a_later_file(importing: Importing) -> None:
    importing("email,offers\nana@example.com,no\n")
    report = importing("id,email,offers\n7,ana@example.com,yes\n")
    assert (report.created, report.updated, report.kept_opt_out) == (0, 1, 1)
    assert importing.standings("7") == {"email/offers": False}
    moved = importing("id,email\n7,new@example.com\n")
    assert (moved.created, moved.updated) == (0, 1)


def test_one_email_is_one_customer_though_two_systems_number_it(importing: Importing) -> None:
    """Else the same inbox would get a campaign twice."""
    importing("id,email\ncrm:7,ana@example.com\n")
    report = importing("id,email,name\nshop:99,ana@example.com,Ana\n")
    assert (report.created, report.updated) == (0, 1)
    assert importing.show("ana@example.com").ref == "crm:7"


def test_two_ids_of_one_system_cannot_share_an_email(importing: Importing) -> None:
    report = importing("id,email\n7,ana@example.com\n8,ana@example.com\n")
    assert (report.created, report.refused) == (1, 1)
    assert "3,row refused,its e-mail address belongs to customer 7" in importing.refused()


def test_the_no_of_a_row_that_is_refused_counts_for_everybody_whom_it_may_be_about(
    importing: Importing,
) -> None:
    importing("id,email,offers\n7,ana@example.com,yes\n8,bo@example.com,yes\n")
    report = importing("id,email,offers,news\n8,ana@example.com,no,yes\n", now=LATER)
    assert (report.refused, report.denied, report.granted) == (1, 2, 0)
    assert importing.standings("7") == importing.standings("8") == {"email/offers": False}
    assert "7; its no counts for customer 8, 7" in importing.refused()
    assert {c.proof for c in importing.show("7").consents if not c.granted} == {
        "customers.csv:2, no date in the export, a row that was refused"
    }
    before = importing.snapshot()
    importing("id,email,offers,news\n8,ana@example.com,no,yes\n", now=LATER)
    assert importing.snapshot() == before


def test_the_no_of_a_row_that_names_its_customer_leaves_alone_who_shares_the_phone(
    importing: Importing,
) -> None:
    importing("id,phone,sms\n7,+34600000001,yes\n8,+34600000001,yes\n")
    assert importing("id,phone,points,sms\n7,+34600000001,many,no\n").refused == 1
    assert importing.standings("7") == {"sms/offers": False}
    assert importing.standings("8") == {"sms/offers": True}


def test_a_no_for_an_address_that_no_customer_has_bars_the_address(importing: Importing) -> None:
    importing("id,email,offers\n7,ana@example.com,yes\n")
    row = "id,email,phone,sms\n8,ana@example.com,+34600000001,no\n"
    assert importing(row).suppressed == 1
    assert importing.standings("7") == {"email/offers": True, "sms/offers": False}
    importing("id,phone,sms\n9,+34600000001,yes\n")
    assert importing.suppressed("9") == {"sms": "unsubscribed", "whatsapp": "unsubscribed"}
    assert importing(row).suppressed == 0


def test_a_shared_phones_no_counts_for_all_who_share_it(importing: Importing) -> None:
    importing("id,phone,sms\n7,+34600000001,yes\n8,+34600000001,yes\n")
    assert importing("phone,sms\n+34600000001,no\n").refused == 1
    assert importing.standings("7") == importing.standings("8") == {"sms/offers": False}


@pytest.mark.parametrize(
    "row",
    [
        "7,ana@example.com,many,no,2024-05-06",  # a number that is none
        "7,ana@example.com,5,no,2124-05-06",  # a date to come
        "7,no-address,5,no,2024-05-06",
        ",ana@example.com,many,no,2024-05-06",
        "7,,many,no,",
    ],
)
def test_a_row_refused_for_what_it_says_keeps_its_no(importing: Importing, row: str) -> None:
    importing("id,email,points,offers\n7,ana@example.com,4,yes\n")
    report = importing(f"id,email,points,offers,said_on\n{row}\n", now=LATER)
    assert (report.refused, report.updated, report.denied) == (1, 0, 1)
    assert importing.standings("7") == {"email/offers": False}
    assert importing.show("7").attributes == {"points": 4}
    assert "; its no counts for customer 7" in importing.refused()


def test_a_refused_row_of_a_stranger_bars_the_address_and_makes_no_customer(
    importing: Importing,
) -> None:
    report = importing("id,email,points,offers\n7,ana@example.com,many,no\n")
    assert (report.created, report.refused, report.suppressed) == (0, 1, 1)
    assert "; its no counts for its address" in importing.refused()
    importing("id,email,offers\n7,ana@example.com,yes\n")
    assert importing.suppressed("7") == {"email": "unsubscribed"}


def test_a_no_of_nobody_knows_whom_is_told_loudly(importing: Importing) -> None:
    importing("email,points,offers\nno-address,5,no\n")
    assert "IT SAYS NO, and nobody is known whom it may be about" in importing.refused()


def test_a_refused_row_that_says_yes_grants_nothing(importing: Importing) -> None:
    importing("id,email\n7,ana@example.com\n")
    assert importing("id,email,points,offers\n7,ana@example.com,many,yes\n").granted == 0
    assert importing.standings("7") == {}


def test_an_email_cannot_move_to_a_customer_while_another_has_it(importing: Importing) -> None:
    importing("id,email\n7,ana@example.com\n8,bo@example.com\n")
    report = importing("id,email\n8,ana@example.com\n")
    assert (report.updated, report.refused) == (0, 1)


def test_an_email_that_has_become_free_in_the_same_file_can_be_taken(importing: Importing) -> None:
    importing("id,email\n7,ana@example.com\n")
    report = importing("id,email\n7,new@example.com\n8,ana@example.com\n")
    assert (report.created, report.updated, report.refused) == (1, 1, 0)


def test_households_may_share_a_phone(importing: Importing) -> None:
    report = importing("id,phone\n7,+34600000001\n8,+34600000001\n")
    assert report.created == 2


def test_a_phone_of_several_customers_tells_nobody_apart(importing: Importing) -> None:
    importing("id,phone\n7,+34600000001\n8,+34600000001\n")
    report = importing("phone,name\n+34600000001,Ana\n")
    assert report.refused == 1
    assert "belongs to several customers (7, 8)" in importing.refused()


@pytest.mark.parametrize("batch", [1, 2000])
def test_a_second_row_of_a_customer_is_told_and_only_its_no_is_taken(
    importing: Importing, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(import_customers, "BATCH", batch)
    content = (
        "id,email,name,offers,news\n7,ana@example.com,Ana,yes,yes\n7,new@example.com,Eva,no,yes\n"
    )
    report = importing(content)
    assert (report.rows, report.created, report.repeated) == (2, 1, 1)
    assert "3,row repeated,this customer stands in the file already" in importing.refused()
    view = importing.show("7")
    assert (view.first_name, view.addresses[0].address) == ("Ana", "ana@example.com")
    assert importing.standings("7") == {"email/offers": False, "email/news": True}
    before = importing.snapshot()
    again = importing(content, now=LATER)
    assert (again.unchanged, again.repeated, again.kept_opt_out) == (1, 1, 1)
    assert importing.snapshot() == before


# Consents -------------------------------------------------------------------------------------


def test_an_import_never_turns_an_opt_out_into_consent(importing: Importing) -> None:
    importing("id,email,offers,said_on\n7,ana@example.com,no,2024-01-01\n")
    report = importing("id,email,offers,said_on\n7,ana@example.com,yes,2026-12-31\n", now=LATER)
    assert (report.unchanged, report.kept_opt_out, report.granted) == (1, 1, 0)
    assert importing.standings("7") == {"email/offers": False}
    assert importing.count("consents") == 1


@pytest.mark.parametrize(("no", "yes"), [("all", "offers"), ("offers", "all")])
def test_a_yes_goes_neither_around_a_no_to_everything_nor_over_one_in_particular(
    importing: Importing, no: str, yes: str
) -> None:
    importing(f"id,email,{no},said_on\n7,ana@example.com,no,2024-01-01\n")
    report = importing(f"id,email,{yes},said_on\n7,ana@example.com,yes,2026-12-31\n")
    assert report.kept_opt_out == 1
    assert True not in importing.standings("7").values()


def test_a_no_of_one_channel_or_topic_leaves_the_others_alone(importing: Importing) -> None:
    importing("id,email,offers\n7,ana@example.com,no\n")
    report = importing("id,email,news,sms\n7,ana@example.com,yes,yes\n")
    assert report.granted == 2
    assert importing.standings("7") == {
        "email/offers": False,
        "email/news": True,
        "sms/offers": True,
    }


def test_a_no_ends_an_undated_yes_however_old_it_is(importing: Importing) -> None:
    """The undated yes of one export is as old as nobody knows."""
    importing("id,email,offers\n7,ana@example.com,yes\n")
    importing("id,email,offers,said_on\n7,ana@example.com,no,2019-01-01\n", now=LATER)
    assert importing.standings("7") == {"email/offers": False}


def test_a_no_to_everything_ends_a_later_yes_to_one_topic(importing: Importing) -> None:
    importing("id,email,offers,said_on\n7,ana@example.com,yes,2026-01-01\n")
    importing("id,email,all,said_on\n7,ana@example.com,no,2025-01-01\n")
    by_topic = {s.topic: s for s in importing.show("7").standings}
    assert not by_topic["*"].granted
    assert by_topic["*"].at >= by_topic["offers"].at


def test_an_old_no_does_not_end_a_yes_the_customer_gave_since(importing: Importing) -> None:
    importing("id,email,offers,said_on\n7,ana@example.com,no,2024-01-01\n")
    number = importing.profiles.find("7")
    with importing.database.write() as connection:
        bar_intents(connection)
        yes = ("email", "marketing", "offers", True, to_ms(NOW), "customer", "form 3", "customer")
        consents.append(connection, [(number, *yes)])
    report = importing("id,email,offers,said_on\n7,ana@example.com,no,2024-01-01\n", now=LATER)
    assert (report.unchanged, report.denied) == (1, 0)
    assert importing.standings("7") == {"email/offers": True}
    newer = importing("id,email,offers,said_on\n7,ana@example.com,no,2027-03-15\n", now=LATER)
    assert newer.denied == 1
    assert importing.standings("7") == {"email/offers": False}


def test_a_yes_and_a_no_in_one_row_are_a_no(importing: Importing) -> None:
    report = importing("id,email,offers,all\n7,ana@example.com,yes,no\n")
    assert (report.denied, report.kept_opt_out) == (1, 1)
    assert importing.standings("7") == {"email/*": False}


def test_the_ledger_grows_only_when_something_changes(importing: Importing) -> None:
    content = "id,email,offers\n7,ana@example.com,yes\n"
    for days in range(3):
        importing(content, now=NOW + timedelta(days=days))
    assert importing.count("consents") == 1
    assert "no date in the export" in importing.show("7").consents[0].proof


def test_the_standings_are_what_the_ledger_says(importing: Importing) -> None:
    for offers, news, all_, said_on in [
        ("yes", "yes", "", "2024-01-01"),
        ("", "no", "", "2023-01-01"),
        ("yes", "yes", "yes", ""),
        ("", "", "no", "2022-01-01"),
        ("yes", "", "", "2026-01-01"),
    ]:
        importing(
            f"id,email,offers,news,all,said_on\n7,ana@example.com,{offers},{news},{all_},{said_on}\n"
        )
    view = importing.show("7")
    rebuilt: dict[tuple[str, str, str], tuple[object, ...]] = {}
    for entry in view.consents:
        matter = (entry.channel, entry.purpose, entry.topic)
        says = (entry.at, not entry.granted)
        rebuilt[matter] = max(rebuilt.get(matter, says), says)
    assert {(s.channel, s.purpose, s.topic): (s.at, not s.granted) for s in view.standings} == (
        rebuilt
    )


# Addresses and suppressions -------------------------------------------------------------------

CLEANED = "Name,Email Address,OPTIN_TIME,CLEAN_TIME\nAna,ana@example.com,,2024-05-06 07:08:09\n"


def test_a_cleaned_address_is_bounced_and_suppressed_for_everything(importing: Importing) -> None:
    report = importing(CLEANED, mapping=None)
    assert report.suppressed == 1
    (address,) = importing.show("ana@example.com").addresses
    assert address.status is AddressStatus.BOUNCED
    assert address.suppression is not None
    assert (address.suppression.purpose, address.suppression.reason) == ("all", "cleaned")


def test_an_import_neither_lifts_a_suppression_nor_wakes_a_dead_address(
    importing: Importing,
) -> None:
    importing(CLEANED, mapping=None)
    importing("email,name,offers\nANA@example.com,Ana,yes\n", now=LATER)
    (address,) = importing.show("ana@example.com").addresses
    assert address.status is AddressStatus.BOUNCED
    assert address.suppression is not None


def test_a_suppression_widens_and_does_not_narrow(importing: Importing) -> None:
    for word, purpose in [("UNSUBSCRIBED", "marketing"), ("SPAM_COMPLAINT", "all")] * 2:
        content = f"Email,Klaviyo ID,Email Suppressions\nana@example.com,K1,{word}\n"
        report = importing(content, mapping=None)
        shown = importing.show("klaviyo:K1").addresses[0].suppression
        assert shown is not None
        assert shown.purpose in (purpose, "all")
    assert shown.purpose == "all"
    assert report.unchanged == 1


def test_a_suppression_outlives_a_customer_and_meets_the_next_spelling(
    importing: Importing,
) -> None:
    importing(CLEANED, mapping=None)
    with importing.database.write() as connection:
        for name in ("addresses", "customers"):
            connection.execute(schema.metadata.tables[name].delete())
    importing("id,email\n99,Ana <ANA@EXAMPLE.com>\n")
    assert importing.show("99").addresses[0].suppression is not None


# The past -------------------------------------------------------------------------------------


def test_the_past_becomes_interactions_answers_and_the_last_purchase(importing: Importing) -> None:
    report = importing(
        "id,email,x,clicks,dms,bought,seen\n7,ana@example.com,demo_ana,3,1,2,2027-01-02\n"
    )
    assert report.interactions == 6
    importing.learn()
    view = importing.show("7")
    assert {(u.channel, u.answers) for u in view.uses} == {(Channel.EMAIL, 3), (Channel.X_DM, 1)}
    (inbound,) = [u.last_inbound_at for u in view.uses if u.channel is Channel.X_DM]
    assert inbound is not None
    assert view.last_purchase_at == inbound
    assert [i.kind for i in view.interactions].count(InteractionKind.PURCHASED) == 2


def test_a_later_count_adds_only_what_is_new(importing: Importing) -> None:
    importing("id,email,clicks,seen\n7,ana@example.com,3,2027-01-02\n")
    report = importing("id,email,clicks,seen\n7,ana@example.com,5,2027-02-02\n")
    assert (report.updated, report.interactions) == (1, 2)
    importing.learn()
    assert importing.show("7").uses[0].answers == 5


# The whole ------------------------------------------------------------------------------------


def test_batches_of_any_size_give_the_same(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = "id,email,offers\n" + "".join(
        f"{n},c{n}@example.com,{'yes' if n % 3 else 'no'}\n" for n in range(25)
    )
    monkeypatch.setattr(import_customers, "BATCH", 4)
    assert importing(content).created == 25
    monkeypatch.setattr(import_customers, "BATCH", 7)
    assert importing(content).unchanged == 25


def test_an_import_that_was_cut_off_goes_on_where_it_was(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_customers, "BATCH", 10)
    content = "id,email\n" + "".join(f"{n},c{n}@example.com\n" for n in range(40))
    told: list[int] = []

    def give_up(rows: int) -> None:
        told.append(rows)
        if rows >= 20:
            raise KeyboardInterrupt

    real = import_customers.import_customers

    def interrupted(*args: object, **kwargs: object) -> object:
        return real(*args, **{**kwargs, "progress": give_up})  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("tests.contract.profiles_world.import_customers", interrupted)
        with pytest.raises(KeyboardInterrupt):
            importing(content)
    assert importing.count("customers") == 20
    report = importing(content)
    assert (report.created, report.unchanged) == (20, 20)
    assert told == [10, 20]


def test_a_batch_that_fails_leaves_nothing_of_itself(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(consents, "append", broken)
        with pytest.raises(RuntimeError):
            importing("id,email,offers\n7,ana@example.com,yes\n")
    assert importing.count("customers") == 0
    assert importing.count("addresses") == 0


def test_bad_rows_are_reported_one_by_one_and_the_good_ones_go_in(importing: Importing) -> None:
    report = importing(
        "id,email,phone,points\n"
        "7,ana@example.com,+34600000001,5\n"
        "8,no address,,\n"
        "9,bo@example.com,+34934010000,\n"
        "\n"
        "10,cai@example.com\n"
        "11,dan@example.com,,=1+1\n"
    )
    assert (report.rows, report.created, report.refused) == (5, 2, 3)
    assert (report.blank, report.left_out) == (1, 1)
    lines = importing.refused().splitlines()
    assert lines[0] == "line,what,reason,column,value"
    assert [line.split(",")[0] for line in lines[1:]] == ["3", "4", "6", "7"]
    assert lines[2].startswith("4,value left out,a fixed line receives no texts")
    assert lines[2].endswith(",phone,'+34934010000")
    assert lines[4].endswith(",points,'=1+1")


def test_a_long_value_is_shortened_in_the_report(importing: Importing) -> None:
    importing(f"id,email\n7,{'x' * 5000}\n")
    assert "x" * 80 + "… (5,000 characters)" in importing.refused()
    assert "x" * 81 not in importing.refused()


def test_without_anything_to_tell_there_is_no_report(importing: Importing) -> None:
    assert importing("id,email\n7,ana@example.com\n").report_path is None
    assert not (importing.folder / "refused.csv").exists()


def test_the_report_adds_up_for_people_and_programs(importing: Importing) -> None:
    report = importing("id,email,offers,colour\n7,ana@example.com,yes,red\n8,x,,\n")
    assert report.counts() == {
        "rows": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "refused": 1,
        "consents granted": 1,
    }
    document = report.as_json()
    assert document["unused_columns"] == ["colour"]
    assert document["report"] == str(importing.folder / "refused.csv")


def test_two_imports_of_one_file_at_once_make_each_customer_once(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_customers, "BATCH", 10)
    path = importing.folder / "customers.csv"
    path.write_text("Email,Name\n" + "".join(f"c{n}@example.com,Cai\n" for n in range(200)))

    def run(number: int) -> ImportReport:
        with RefusalFile(importing.folder / f"refused-{number}.csv") as refusals:
            return import_customers.import_customers(
                open_customer_file(path), importing.profiles, refusals, now=NOW, actor="test"
            )

    with ThreadPoolExecutor(2) as threads:
        reports = list(threads.map(run, range(2)))
    assert sum(r.created for r in reports) == 200
    assert sum(r.unchanged for r in reports) == 200
    assert importing.count("customers") == 200


def test_a_ref_made_for_an_address_is_not_made_again_once_it_has_moved(
    importing: Importing,
) -> None:
    importing("email\nana@example.com\n")
    ref = importing.show("ana@example.com").ref
    with importing.database.write() as connection:
        table = schema.addresses
        connection.execute(table.update().values(address="new@example.com", address_key="moved"))
    assert importing("email\nana@example.com\n").created == 1
    assert importing.show("ana@example.com").ref != ref
    assert importing("email\nana@example.com\n").unchanged == 1


word = st.sampled_from(["", "yes", "no"])
row = st.tuples(
    st.sampled_from(["", "1", "2", "3"]),
    st.sampled_from(["", "a@example.com", "B@example.com", "b@EXAMPLE.com", "broken"]),
    st.sampled_from(["", "+34600000001", "+34600000002", "+34934010000"]),
    st.sampled_from(["", "Ana", "Bo"]),
    word,
    word,
    word,
    st.sampled_from(["", "2024-01-01", "2026-01-01"]),
    st.sampled_from(["", "0", "1", "3"]),
)


def _but_noes(snapshot: dict[str, list[str]]) -> dict[str, list[str]]:
    """Without what a no changes: a row that went in may be refused once its phone is shared, and
    then its no counts for all who share it."""
    customers = [row.rpartition(",")[0] for row in snapshot["customers"]]  # when it was updated
    yeses = [row for row in snapshot["consents"] if "True" in row]
    kept = {name: snapshot[name] for name in ("addresses", "interactions", "channel_uses")}
    return {**kept, "customers": customers, "yeses": yeses}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=st.lists(row, max_size=8), first=st.lists(row, max_size=5))
def test_whatever_is_imported_again_adds_nothing_but_noes_and_loses_none(
    sqlite_database: Database,
    tmp_path: Path,
    rows: list[tuple[str, ...]],
    first: list[tuple[str, ...]],
) -> None:
    importing = Importing(sqlite_database, tmp_path)
    empty(sqlite_database)

    def content(of: list[tuple[str, ...]]) -> str:
        head = "id,email,phone,name,offers,news,all,said_on,clicks,seen\n"
        return head + "".join(",".join(r) + ",2026-02-03\n" for r in of)

    importing(content(first))
    report = importing(content(rows))
    for _ in rows:  # a row that was refused may go in once another has given its address free
        before, refused = importing.snapshot(), report.refused
        report = importing(content(rows), now=LATER)
        if report.refused >= refused:
            assert _but_noes(importing.snapshot()) == _but_noes(before)
            assert report.created == 0
    before = importing.snapshot()
    assert importing(content(rows), now=LATER).updated == 0
    assert importing.snapshot() == before
    noes = [s for s in importing.snapshot()["standings"] if "False" in s]
    importing(content(first), now=LATER)
    assert set(noes) <= set(importing.snapshot()["standings"])
