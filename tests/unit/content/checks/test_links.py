"""Links: over https to the brand, and not empty."""

from __future__ import annotations

import pytest

from tests.unit.content.checks.told import EN, of_rule, told
from tests.unit.content.files import Files


@pytest.mark.parametrize(
    ("address", "rule", "message"),
    [
        ("https://shop.example.org/x", "link-domain", "leads to shop.example.org"),
        ("https://shop.example.com.example.org/x", "link-domain", "leads to shop.example.com.ex"),
        ("https://shop.example.com@example.org/x", "link-domain", "leads to example.org"),
        ("javascript:alert(1)", "link-scheme", "does not start with https://"),
        ("data:text/html,x", "link-scheme", "does not start with https://"),
        ("/relative", "link-scheme", "does not start with https://"),
    ],
)
def test_a_link_to_elsewhere_is_an_error(
    files: Files, address: str, rule: str, message: str
) -> None:
    files.change("layouts/email.html.j2", "</body>", f'<a href="{address}">x</a></body>')
    found = told(files, rule)
    assert found[0].startswith(f"layouts/email.html.j2:14: `{address}` ")
    assert message in found[0]


def test_an_address_typed_into_copy_is_told_at_its_line(files: Files) -> None:
    line = files.english("Until {{", "See http://shop.example.org/x. Until {{")
    assert all(f.startswith(f"{EN}:{line}: ") for f in told(files, "link-scheme"))


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("https://shop.example.org/x", "link-domain"),
        ("shop.example.org/x", "link-domain"),
        ("http://shop.example.com/x", "link-scheme"),
    ],
)
def test_a_link_for_customers_without_a_value_is_told_at_its_line(
    files: Files, address: str, rule: str
) -> None:
    line = files.english("or_else('friend')", f"or_else('friend of {address}')")
    found = of_rule(files, rule)
    assert found
    assert all(address in f and f.startswith(f"{EN}:{line}: ") for f in found)


def test_a_fact_that_leads_elsewhere_is_told_at_the_fact(files: Files) -> None:
    line = files.campaign("shop.example.com", "shop.example.org")
    found = told(files, "link-domain")
    assert {f.split(": ")[0] for f in found} == {f"campaigns/sale/campaign.yaml:{line}"}


def test_mail_and_phone_links_are_fine(files: Files) -> None:
    links = '<a href="mailto:a@example.com">x</a><a href="tel:+447700900123">y</a>'
    files.change("layouts/email.html.j2", "</body>", f"{links}</body>")
    assert files.findings() == []


def test_empty_links_are_told(files: Files) -> None:
    files.change("layouts/email.html.j2", "</body>", "<a>x</a></body>")
    assert "a link leads nowhere" in told(files, "link-empty")[0]
    files.english("call_to_action: Buy now\n", "")
    assert any(f.startswith(f"{EN}: a link has no words") for f in files.findings())


def test_a_link_that_is_not_encrypted_is_an_error(files: Files) -> None:
    files.change("layouts/email.txt.j2", "{{ words.out }}:", "http://shop.example.com/spring\n"
                 "{{ words.out }}:")  # fmt: skip
    assert "http://shop.example.com/spring` does not" in told(files, "link-scheme", "typed-fact")[0]
