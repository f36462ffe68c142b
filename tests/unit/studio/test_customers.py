"""Real customers in a preview: looked up by what people know of them, and never written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from campaigns.bootstrap.preview import Choices, Customers, Drafts, Previewer
from campaigns.content.catalog import Catalog
from campaigns.errors import NotFoundError
from campaigns.settings import Settings
from campaigns.store.engine import Database
from campaigns.store.schema import customers
from campaigns.studio.app import create_app
from campaigns.studio.watch import Watch
from tests.unit.studio.test_app import Client

_SHIPPED = Path(__file__).parents[3] / "templates"


@pytest.fixture
def home(sqlite_database: Database, tmp_path: Path) -> Path:
    """A database with one customer."""
    with sqlite_database.write() as connection:
        connection.execute(
            insert(customers).values(
                ref="S0000003",
                first_name="Meritxell",
                last_name="Camps",
                locale="ca_AD",
                country="AD",
                attributes={"is_member": True, "points": 1226},
                created_at=0,
                updated_at=0,
            )
        )
    return tmp_path


@pytest.fixture
def known(home: Path) -> Iterator[Customers]:
    found = Customers(Settings(home=home))
    yield found
    found.close()


def test_a_customer_is_found_by_ref_with_language_country_and_values(known: Customers) -> None:
    found = known.find("S0000003")
    assert (found.label, found.locale, found.country) == (
        "Meritxell Camps (S0000003)", "ca_AD", "AD",
    )  # fmt: skip
    assert found.values["points"] == 1226


def test_what_the_customer_would_read_is_shown(known: Customers, previewer: Previewer) -> None:
    preview = previewer.preview(Choices(customer="S0000003"), known.find("S0000003"))
    (row,) = preview.rows
    assert row.locale == "ca_ES"
    whatsapp = next(c for c in row.cells if c.channel.value == "whatsapp")
    assert "Hola, Meritxell" in whatsapp.parts["body"]
    assert "1.226 punts" in whatsapp.parts["body"]
    sms = next(c for c in row.cells if c.channel.value == "sms")
    assert any(r.value.endswith("to AD") for r in sms.readings)


def test_a_customer_who_does_not_exist_is_told_in_one_sentence(known: Customers) -> None:
    with pytest.raises(NotFoundError, match="there is no customer `nobody`"):
        known.find("nobody")


def test_the_page_shows_the_customer_or_why_not(known: Customers) -> None:
    drafts = Drafts(Catalog(_SHIPPED), known)
    drafts.examine("spring_sale")
    client = Client(create_app(drafts, Watch(drafts)))
    page = client.get("/", params={"campaign": "spring_sale", "customer": "S0000003"}).text
    assert "Meritxell Camps (S0000003)" in page
    mail = client.get("/mail", params={"campaign": "spring_sale", "customer": "S0000003"}).text
    assert "Hola, Meritxell" in mail
    missing = client.get("/", params={"campaign": "spring_sale", "customer": "<b>nobody"})
    assert missing.status_code == 200
    assert "there is no customer `&lt;b&gt;nobody`" in missing.text


def test_looking_writes_nothing(known: Customers, home: Path) -> None:
    known.find("S0000003")
    before = (home / "campaigns.db").read_bytes()
    known.find("S0000003")
    assert (home / "campaigns.db").read_bytes() == before
