"""Law: the way out, the address and the legal line."""

from __future__ import annotations

import pytest

from tests.unit.content.checks.told import told
from tests.unit.content.files import Files


@pytest.mark.parametrize(("part", "layout"), [("html", "email.html.j2"), ("text", "email.txt.j2")])
def test_a_marketing_mail_without_unsubscribe_link_is_an_error(
    files: Files, part: str, layout: str
) -> None:
    files.change(f"layouts/{layout}", "{{ links.unsubscribe }}", "{{ facts.shop }}")
    found = told(files, "unsubscribe-missing")
    assert found[0].startswith(f"layouts/{layout}: a marketing e-mail needs an unsubscribe link")
    assert len(found) == 2  # one per locale
    files.campaign("topic: offers", "purpose: service")
    assert files.findings() == []


def test_a_mail_without_postal_address_is_an_error(files: Files) -> None:
    files.change("layouts/email.txt.j2", "{{ brand.postal_address }}", "x")
    assert "layouts/email.txt.j2: this e-mail does not show" in told(files, "address-missing")[0]


def test_a_brand_without_postal_address_cannot_send_mail(files: Files) -> None:
    files.brand("postal_address: Testa, 1 Imaginary Street, London\n", "")
    for layout in ("email.html.j2", "email.txt.j2"):
        files.change(f"layouts/{layout}", "{{ brand.postal_address }}", "x")
    found = told(files, "address-missing")
    assert found[0].startswith("brand.yaml: e-mail needs the brand's postal address.")


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "x_dm"])
def test_marketing_by_message_says_how_to_stop_it(files: Files, channel: str) -> None:
    files.change(f"layouts/{channel}.txt.j2", "{{ legal }}", "")
    found = told(files, "legal-missing")
    assert found[0].startswith(f"layouts/{channel}.txt.j2: this message does not hold the legal")


def test_a_legal_line_missing_in_one_language_is_told(files: Files) -> None:
    line = files.brand(
        "  sms: {en: Reply STOP to opt out., es: Baja con STOP.}", "  sms: {en: Stop.}"
    )
    (found,) = told(files, "legal-missing")
    assert found.startswith(f"brand.yaml:{line}: the legal line of sms has no words in es_ES")
    assert "Add `es: …`" in found
