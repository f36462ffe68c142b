"""What an import makes of profiles and their past, on SQLite and PostgreSQL: who a row is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.domain.channel import Channel
from campaigns.domain.consent import ConsentSource
from campaigns.domain.customer import AddressStatus
from campaigns.domain.interaction import InteractionKind
from campaigns.errors import NotFoundError
from campaigns.services import import_customers
from tests.contract.profiles_world import Importing
from tests.files import NOW

LATER = NOW + timedelta(days=30)


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
