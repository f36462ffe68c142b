"""Erasure on both databases: what goes, what stays, and that nobody comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from campaigns.bootstrap.customers import import_documents
from campaigns.bootstrap.rights import delete_the_past, erase, readmit
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, DeliveryState, NotSent, Rejected, Unknown
from campaigns.domain.interaction import Interaction, InteractionKind
from campaigns.errors import ErasedError, NotFoundError, UserError
from campaigns.store import schema
from campaigns.store.clock import to_ms
from tests.contract.profiles_world import CRM, Importing
from tests.files import NOW
from tests.pages_world import Shop, shop

EMAIL, SMS = Channel.EMAIL, Channel.SMS
#: Tables whose rows of an erased customer stay: they hold a number that is nobody's any more.
PSEUDONYMOUS = {"deliveries", "skips"}


@pytest.fixture
def here(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    with shop(database_url, tmp_path) as made:
        yield made


@pytest.fixture
def importing(here: Shop, tmp_path: Path) -> Importing:
    return Importing(here.app.database, tmp_path)


def gone(here: Shop, customer: int) -> None:
    erase(here.app, customer, by="Marta", why="asked by letter")


def traces(here: Shop, words: list[str]) -> list[str]:
    """Rows of the whole database that hold one of these words."""
    return [
        f"{table}: {row}"
        for table, rows in here.everything().items()
        for row in rows
        if any(w.casefold() in row.casefold() for w in words)
    ]


def test_nothing_of_an_erased_customer_is_left_in_any_table(here: Shop) -> None:
    customer = here.customer(ref="canary-7", first_name="Canary", last_name="Bird",
                             attributes={"nearest_shop": "canary street"})  # fmt: skip
    here.delivery(customer)
    old = "canary@example.com"
    here.world.execute(update(schema.messages).values(address=old))
    here.world.execute(update(schema.deliveries).values(outcome=f"twilio:21211: {old} is none"))
    words = ["canary", "ada@", "00900456", "demo_ada", "c1@"]
    assert traces(here, words)
    gone(here, customer)
    assert traces(here, words) == []
    with_customers = {
        name for name, table in schema.metadata.tables.items() if "customer_id" in table.c
    }
    left = {name for name in with_customers if here.rows(name, customer)}
    assert left <= PSEUDONYMOUS  # a new table about customers is cleared too, or named above
    (delivery,) = here.rows("deliveries", customer)
    assert (delivery.provider_id, delivery.outcome) == (None, "twilio:21211")


def test_nothing_of_them_is_left_in_the_file_either(here: Shop) -> None:
    if here.app.database.dialect != "sqlite":
        pytest.skip("PostgreSQL overwrites what is deleted when it vacuums")
    customer = here.customer(first_name="Canary")
    with here.app.database.read() as connection:
        place = Path(connection.exec_driver_sql("PRAGMA database_list").one()[2])
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
    gone(here, customer)
    with here.app.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
    stored = place.read_bytes()
    assert b"Canary" not in stored
    assert b"ada@example.com" not in stored


def test_the_audit_trail_tells_who_and_why_and_names_nobody(here: Shop) -> None:
    customer = here.customer(ref="canary-7")
    gone(here, customer)
    (entry,) = here.app.audit.entries()
    assert (entry.actor, entry.action, entry.why) == ("Marta", "erased", "asked by letter")
    assert (entry.subject, entry.at) == (f"customer:{customer}", here.now)


def test_others_keep_everything(here: Shop) -> None:
    customer, other = (
        here.customer(),
        here.customer(at={EMAIL: "bo@example.com", SMS: "+447700900457"}),
    )
    here.delivery(other)
    tables = ("addresses", "consents", "standings", "interactions", "deliveries")
    before = {t: here.rows(t, other) for t in tables}
    gone(here, customer)
    assert {t: here.rows(t, other) for t in tables} == before


def test_erasing_somebody_who_is_gone_says_so(here: Shop) -> None:
    customer = here.customer()
    gone(here, customer)
    with pytest.raises(NotFoundError, match="there is no customer number"):
        gone(here, customer)


# Deliveries under way -------------------------------------------------------------------------


def test_a_message_that_a_worker_is_about_to_send_is_not_sent(here: Shop) -> None:
    customer = here.customer()
    run, batch = here.claimed([customer])
    gone(here, customer)
    assert here.world.intend(batch) == set()
    assert here.world.states(run) == [DeliveryState.SUPPRESSED]
    assert here.rows("messages") == []


def test_a_message_that_was_planned_is_claimed_without_an_address_and_ends(here: Shop) -> None:
    customer = here.customer()
    run = here.world.planned([customer])
    gone(here, customer)
    batch = here.world.claim(run)
    assert (batch.items[0].address, batch.items[0].first_name) == ("", None)
    assert here.world.intend(batch) == set()
    assert here.world.states(run) == [DeliveryState.SUPPRESSED]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Accepted("sg-1"), DeliveryState.ACCEPTED),
        (Rejected("400", "no", invalid_address=True, opted_out=True), DeliveryState.REJECTED),
        (NotSent("429", "wait", NOW), DeliveryState.PENDING),
        (Unknown("timeout", "no answer"), DeliveryState.IN_DOUBT),
    ],
)
def test_what_comes_of_a_message_in_flight_is_settled_and_brings_nothing_back(
    here: Shop, outcome: Accepted | Rejected | NotSent | Unknown, state: DeliveryState
) -> None:
    customer = here.customer()
    run, batch = here.claimed([customer])
    assert here.world.intend(batch)
    gone(here, customer)
    here.world.settle(batch, outcome)
    assert here.world.states(run) == [state]
    for table in ("interactions", "consents", "standings", "addresses", "messages"):
        assert here.rows(table) == []
    assert here.app.outbox.recorded(run.id) == (1 if state is DeliveryState.ACCEPTED else 0)


def test_events_that_arrive_later_bring_nothing_back(here: Shop) -> None:
    customer, other = here.customer(), here.customer(at={EMAIL: "bo@example.com"})
    delivery = here.delivery(customer)
    gone(here, customer)
    events = [
        Interaction(who, InteractionKind.REPLIED, NOW, SMS, f"late-{who}", delivery)
        for who in (customer, other)
    ]
    assert here.app.profiles.record_interactions(events) == 1
    assert [r.customer_id for r in here.rows("interactions")] == [other]
    assert here.rows("channel_uses", customer) == []


# Coming back ------------------------------------------------------------------------------------

SPELLINGS = {
    "email": [
        "ada@example.com", "ADA@Example.COM", "Ada Roca <ada@example.com>", "ada+sale@example.com",
        "ａｄａ@example.com", "mailto:ada@example.com", "  ada@example.com  ",
    ],
    "phone": [
        "+447700900456", "0044 7700 900456", "+44 (0)7700 900 456", "+44-7700-900-456",
        "'+447700900456",
    ],
    "x": ["demo_ada", "@DEMO_Ada", "https://x.com/demo_ada"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "written"), [(c, w) for c, listed in SPELLINGS.items() for w in listed]
)
def test_whoever_is_erased_is_refused_in_any_spelling_of_any_address(
    here: Shop, importing: Importing, column: str, written: str
) -> None:
    gone(here, here.customer(channels=tuple(Channel)[:4]))
    report = importing(f"id,{column},name\n99,{written},Adela\n")
    assert (report.created, report.refused) == (0, 1)
    assert here.rows("customers") == []
    refused = importing.refused()
    assert "erased at their own request" in refused
    assert "Adela" not in refused
    assert written.strip("' ") not in refused


def test_another_address_under_the_same_customer_id_is_refused_too(
    here: Shop, importing: Importing
) -> None:
    gone(here, here.customer(ref="7"))
    report = importing("id,email\n7,new@example.com\n8,other@example.com\n")
    assert (report.created, report.refused) == (1, 1)


def test_gmail_addresses_are_one_mailbox_with_and_without_dots(
    here: Shop, importing: Importing
) -> None:
    gone(here, here.customer(at={EMAIL: "demo.ada@gmail.com"}))
    report = importing("id,email\n1,demoada+x@googlemail.com\n2,demo.ad.a@example.com\n")
    assert (report.created, report.refused) == (1, 1)


def test_an_address_the_customer_had_before_is_known_too(here: Shop, importing: Importing) -> None:
    customer = here.customer(channels=(EMAIL,))
    here.delivery(customer)
    here.world.execute(update(schema.addresses).values(address="new@example.com"))
    gone(here, customer)
    for number, address in enumerate(("ada@example.com", "new@example.com")):
        assert importing(f"id,email\n{number},{address}\n").refused == 1


def suppressed(here: Shop) -> set[tuple[str, str]]:
    return {(row.purpose, row.reason) for row in here.rows("suppressions")}


def test_whoever_asks_again_is_let_in_by_a_decision_that_is_recorded(
    here: Shop, importing: Importing
) -> None:
    gone(here, here.customer(ref="7", channels=(EMAIL, SMS)))
    back = "id,email\n7,ada@example.com\n"
    assert importing(back).refused == 1
    names = ["7", "Ada@Example.com", "+44 7700 900456"]
    lifted = readmit(here.app, names, proof="form 14, 2 March", by="Marta", why="asked in the shop")
    assert lifted == 4  # the id, the phone, the address and the mailbox behind it
    assert suppressed(here) == set()
    assert importing(back).created == 1
    entry = here.app.audit.entries()[0]
    assert (entry.actor, entry.action, entry.why) == ("Marta", "readmitted", "asked in the shop")
    assert entry.data == {"hashes": 4, "proof": "form 14, 2 March"}
    assert "ada@example.com" not in repr(entry)


def test_without_a_new_opt_in_they_come_back_barred_for_marketing(
    here: Shop, importing: Importing
) -> None:
    gone(here, here.customer(ref="7", channels=(EMAIL,)))
    readmit(here.app, ["7", "ada@example.com"], proof="", by="Marta", why="asked for her orders")
    assert importing("id,email\n7,ada@example.com\n").created == 1
    assert suppressed(here) == {("marketing", "opted_out")}


def test_nobody_else_is_let_in_and_a_reason_is_asked_for(here: Shop, importing: Importing) -> None:
    gone(here, here.customer(ref="7", channels=(EMAIL,)))
    with pytest.raises(NotFoundError, match="nobody who was erased"):
        readmit(here.app, ["bo@example.com"], proof="", by="Marta", why="asked")
    with pytest.raises(UserError, match="say who"):
        readmit(here.app, ["ada@example.com"], proof="", by="Marta", why=" ")
    assert importing("id,email\n7,ada@example.com\n").refused == 1


def test_an_exported_document_of_an_erased_customer_is_not_taken_in(
    here: Shop, tmp_path: Path
) -> None:
    bo = {EMAIL: "bo@example.com", SMS: "+447700900457"}
    customer, other = here.customer(), here.customer(channels=(EMAIL, SMS), at=bo)
    documents = [here.app.profiles.export(c) for c in (customer, other)]
    gone(here, customer)
    with pytest.raises(ErasedError):
        here.app.profiles.import_export(documents[0], now=NOW)
    file = tmp_path / "all.jsonl"
    file.write_bytes(b"\n".join(map(orjson.dumps, documents)))
    done = import_documents(here.app, file)
    assert (done.customers, done.erased) == (1, (1,))
    assert [r.id for r in here.rows("customers")] == [other]


def test_an_address_that_came_in_by_another_way_is_still_barred(here: Shop) -> None:
    gone(here, here.customer())
    twin = here.customer(ref="another")
    run, batch = here.claimed([twin])
    assert here.world.intend(batch) == set()
    assert here.world.states(run) == [DeliveryState.SUPPRESSED]


_local = st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,5})?", fullmatch=True)
_tag = st.from_regex(r"(\+[a-z0-9]{1,6})?", fullmatch=True)
_case = st.lists(st.booleans(), min_size=40, max_size=40)
_wrap = st.sampled_from(["{}", " {} ", "<{}>", "Somebody <{}>", "mailto:{}"])
_digits = st.from_regex(r"[0-9]{3}", fullmatch=True)
_phone = st.sampled_from(["+447700900{}", "00447700900{}", "+44 7700 900{}", "(+44) 7700-900-{}"])


def _cased(text: str, upper: list[bool]) -> str:
    return "".join(c.upper() if u else c for c, u in zip(text, upper, strict=False))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_local, _tag, _tag, _case, _wrap, _digits, _phone, _phone, st.booleans())
def test_however_an_erased_person_is_written_they_stay_out(
    here: Shop, importing: Importing, local: str, tag: str, other_tag: str, upper: list[bool],
    wrap: str, digits: str, phone: str, other_phone: str, by_mail: bool,
) -> None:  # fmt: skip
    first = f"id,email,phone,name\na,{local}{tag}@example.com,{phone.format(digits)},Canary\n"
    if importing(first).created == 0:
        return  # erased in an example before
    gone(here, importing.profiles.find("a"))
    here.world.execute(delete(schema.suppressions).where(schema.suppressions.c.reason != "erased"))
    mail = wrap.format(_cased(f"{local}{other_tag}@example.com", upper))
    again = f"b,{mail},,Canary" if by_mail else f"b,,{other_phone.format(digits)},Canary"
    report = importing(f"id,email,phone,name\n{again}\n")
    assert (report.created, report.refused) == (0, 1)
    assert traces(here, ["canary"]) == []


def test_reports_of_imports_forget_them_too(here: Shop, tmp_path: Path) -> None:
    file, mapping = tmp_path / "people.csv", tmp_path / "crm.yaml"
    mapping.write_text(CRM, encoding="utf-8")
    file.write_text(
        "id,email,phone,land\n1,Ada@example.com,07700 900456,GB\n2,Ada@Example.com,,GB\n"
        "3,,07700 900456 ext. 9,GB\n4,bo at example,,GB\n",
        encoding="utf-8",
    )
    here.app.import_customers(file, mapping)
    (report,) = (tmp_path / "reports").glob("*.csv")
    assert "Ada@example.com" in report.read_text(encoding="utf-8-sig")
    customer = here.app.profiles.find("1")
    assert erase(here.app, customer, by="Marta", why="asked") == 2
    left = report.read_text(encoding="utf-8-sig")
    assert "ada@" not in left.casefold()
    assert "900456" not in left
    assert "bo at example" in left


# The ledger only grows ------------------------------------------------------------------------


def test_the_database_refuses_to_change_or_delete_what_the_ledger_says(here: Shop) -> None:
    customer = here.customer()
    c = schema.consents
    before = here.rows("consents")
    for statement in (
        update(c).values(granted=True),
        update(c).values(proof="another"),
        update(c).values(at=1),
        delete(c),
        delete(c).where(c.c.customer_id == customer),
    ):
        with pytest.raises((IntegrityError, DBAPIError), match="only grows"):
            here.world.execute(statement)
    assert here.rows("consents") == before


def test_erasing_one_customer_opens_the_ledger_for_no_other(here: Shop) -> None:
    customer, other = here.customer(), here.customer(at={EMAIL: "bo@example.com"})
    gone(here, customer)
    assert [r.key for r in here.rows("meta") if r.key.startswith("erasing")] == []
    with pytest.raises(DBAPIError, match="only grows"):
        here.world.execute(delete(schema.consents).where(schema.consents.c.customer_id == other))


# Retention --------------------------------------------------------------------------------------


def test_the_past_goes_when_the_brand_keeps_it_no_longer(here: Shop, tmp_path: Path) -> None:
    customer = here.customer()
    old = here.delivery(customer)
    here.now += timedelta(days=800)
    kept = here.delivery(customer, name="two")
    later = to_ms(here.now)
    here.world.execute(
        update(schema.deliveries).where(schema.deliveries.c.id == kept).values(settled_at=later)
    )
    ancient, recent = to_ms(here.now - timedelta(days=1096)), to_ms(here.now - timedelta(days=1))
    row = {"customer_id": customer, "channel": "email"}
    here.world.execute(
        insert(schema.interactions).values(**row, at=ancient, kind="clicked", source_key="a"),
        insert(schema.interactions).values(**row, at=recent, kind="clicked", source_key="b"),
        insert(schema.interactions).values(
            customer_id=customer + 99, channel="email", at=recent, kind="sent", delivery_id=99
        ),
    )
    ledger, trail = here.rows("consents"), here.rows("audit")
    deleted = delete_the_past(here.app)
    assert (deleted.interactions, deleted.messages, deleted.reports) == (2, 1, 0)
    assert [r.delivery_id for r in here.rows("messages")] == [kept]
    assert {(r.kind, r.source_key, r.delivery_id) for r in here.rows("interactions")} == {
        ("clicked", "b", None),
        ("sent", None, old),
        ("sent", None, kept),
    }
    assert (here.rows("consents"), here.rows("audit")) == (ledger, trail)
    again = delete_the_past(here.app)
    assert (again.interactions, again.messages) == (0, 0)


def test_the_past_is_deleted_a_stretch_at_a_time(
    here: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from campaigns.store import retention

    monkeypatch.setattr(retention, "BATCH", 3)
    customer = here.customer()
    ancient = to_ms(here.now - timedelta(days=2000))
    here.world.execute(
        *(
            insert(schema.interactions).values(
                customer_id=customer, at=ancient, kind="clicked", source_key=str(n)
            )
            for n in range(10)
        )
    )
    assert delete_the_past(here.app).interactions == 10
    assert here.rows("interactions") == []


def test_a_message_in_doubt_keeps_what_it_takes_to_resolve_it(here: Shop) -> None:
    _, batch = here.claimed([here.customer()])
    here.world.intend(batch)
    here.world.settle(batch, Unknown("timeout", "no answer"))
    here.now += timedelta(days=4000)
    assert delete_the_past(here.app).messages == 0
