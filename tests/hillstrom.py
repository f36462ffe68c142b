"""64,000 real customers of a retailer, given addresses so that they can be imported.

The source (../shared/data/hillstrom.csv.gz) has what they bought, how lately and through which
channel, and how an e-mail test went; it has no names and no addresses. Each row gets made-up ones
by its number, from reserved domains and number ranges, a locale, a zone and consents.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

from campaigns.sample.phones import BY_COUNTRY
from tests.shared import shared

SOURCE = "data/hillstrom.csv.gz"

#: By the last digit of a row's number.
HOMES = (
    *[("es_ES", "ES", "Europe/Madrid")] * 4,
    *[("ca_ES", "ES", "Europe/Madrid")] * 3,
    ("ca_AD", "AD", "Europe/Andorra"),
    ("en_GB", "GB", "Europe/London"),
    ("en_US", "US", "America/New_York"),
)
EMAIL_OFFERS = ("yes",) * 8 + ("no", "")
SMS_OFFERS = ("yes", "no", "", "")

MADE_UP = (
    "id", "locale", "country", "zone", "email", "phone", "email_offers", "sms_offers",
    "asked_on", "points", "tier",
)  # fmt: skip

MAPPING = """\
# The retailer's columns and the made-up ones; see tests/hillstrom.py.
name: hillstrom
title: 64,000 customers of a retailer
ref: {column: id, prefix: "H"}
fields: {email: email, phone: phone, locale: locale, country: country, time_zone: zone}
attributes:
  points: points
  tier: tier
  is_member: {column: newbie, yes: 0, no: 1}
  nearest_shop: {column: zip_code, choices: {Surburban: Suburbs, Urban: Centre, Rural: Country}}
consents:
  - {channel: email, topic: offers, granted: {column: email_offers}, at: asked_on}
  - {channel: sms, topic: offers, granted: {column: sms_offers}, at: asked_on}
interactions:
  # Whom the retailer sells to by telephone answers a text rather than a mail.
  - kind: purchased
    channel: email
    count: {column: channel, choices: {Web: 2, Multichannel: 2, Phone: 0}}
    at: {column: recency, ago: months}
  - kind: purchased
    channel: sms
    count: {column: channel, choices: {Phone: 3, Multichannel: 1, Web: 0}}
    at: {column: recency, ago: months}
  # What followed the test mail, within two weeks.
  - {kind: visited, count: visit, at: {constant: 14, ago: days}}
  - {kind: purchased, name: after_test_mail, count: conversion, at: {constant: 14, ago: days}}
"""


def write_hillstrom(folder: Path) -> tuple[Path, Path]:
    """Write the customers and their mapping. Skips the test where the source is absent."""
    file, mapping = folder / "hillstrom.csv", folder / "hillstrom.yaml"
    with (
        gzip.open(shared(SOURCE), "rt", encoding="utf-8", newline="") as source,
        file.open("w", encoding="utf-8", newline="") as out,
    ):
        rows = csv.reader(source)
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*next(rows), *MADE_UP])
        writer.writerows(_with_addresses(rows))
    mapping.write_text(MAPPING, encoding="utf-8")
    return file, mapping


def _with_addresses(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    serials = dict.fromkeys(BY_COUNTRY, 0)
    for number, row in enumerate(rows, start=1):
        history, buys_by = float(row[2]), row[8]
        locale, country, zone = HOMES[number % 10]
        phone = ""
        if buys_by != "Web":
            phone = BY_COUNTRY[country](serials[country])
            serials[country] += 1
        yield [
            *row,
            f"{number:05d}",
            locale,
            country,
            zone,
            f"customer.{number:05d}@example.com",
            phone,
            EMAIL_OFFERS[number // 10 % 10],
            SMS_OFFERS[number // 10 % 4] if phone else "",
            f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
            str(round(history)),
            "gold" if history >= 500 else "basic",
        ]
