"""Who was erased stays out, however they are written, until a person lets them in."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from campaigns.bootstrap.customers import import_documents
from campaigns.bootstrap.rights import erase, readmit
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.errors import ErasedError, NotFoundError, UserError
from campaigns.store import schema
from tests.contract.erasure_world import gone, traces
from tests.contract.profiles_world import CRM, Importing
from tests.files import NOW
from tests.pages_world import Shop

EMAIL, SMS = Channel.EMAIL, Channel.SMS


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
