"""Importing into a database of its own, for the contract tests of profiles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from campaigns.domain.engagement import Learning
from campaigns.domain.views import CustomerView
from campaigns.services.import_customers import ImportReport, import_customers
from campaigns.services.learn import learn
from campaigns.sources.customer_file import open_customer_file
from campaigns.sources.refusal_file import RefusalFile
from campaigns.store import schema
from campaigns.store.customers import SqlProfiles
from campaigns.store.engine import Database
from campaigns.store.learning import SqlLearning
from tests.files import ATTRIBUTES, NOW, written


def _may(column: str) -> str:
    """A column that the file may lack, so that each test writes only those it is about."""
    return f"{{column: {column}, optional: true}}"


#: A CRM's own export, with an id, consents and a past.
CRM = f"""
name: crm
ref: {_may("id")}
fields:
  email: {_may("email")}
  phone: {_may("phone")}
  x_handle: {_may("x")}
  first_name: {_may("name")}
  last_name: {_may("surname")}
  locale: {_may("lang")}
  country: {_may("land")}
  preferred_channel: {_may("prefers")}
attributes:
  points: {_may("points")}
  tier: {_may("tier")}
consents:
  - {{channel: email, topic: offers, granted: {_may("offers")}, at: {_may("said_on")}}}
  - {{channel: email, topic: news, granted: {_may("news")}, at: {_may("said_on")}}}
  - {{channel: email, granted: {_may("all")}, at: {_may("said_on")}}}
  - {{channel: sms, topic: offers, granted: {_may("sms")}, at: {_may("said_on")}}}
interactions:
  - {{kind: clicked, channel: email, count: {_may("clicks")}, at: {_may("seen")}}}
  - {{kind: replied, channel: x_dm, count: {_may("dms")}, at: {_may("seen")}}}
  - {{kind: purchased, count: {_may("bought")}, at: {_may("seen")}}}
"""


@dataclass
class Importing:
    """One database, and files to import into it."""

    database: Database
    folder: Path

    def __post_init__(self) -> None:
        self.profiles = SqlProfiles(self.database)

    def __call__(
        self,
        content: str,
        *,
        mapping: str | None = CRM,
        now: datetime = NOW,
        name: str = "customers.csv",
    ) -> ImportReport:
        """Import a file of these lines."""
        path = written(self.folder / name, content)
        crm = None
        if mapping is not None:
            crm = written(self.folder / "crm.yaml", mapping)
        source = open_customer_file(path, mapping=crm, attributes=ATTRIBUTES)
        with RefusalFile(self.folder / "refused.csv") as refusals:
            report = import_customers(source, self.profiles, refusals, now=now, actor="test import")
        assert report.rows == (
            report.created + report.updated + report.unchanged + report.refused + report.repeated
        )
        return report

    def refused(self) -> str:
        """The report file of the last import."""
        return (self.folder / "refused.csv").read_text(encoding="utf-8-sig")

    def learn(self) -> None:
        """Learn from the past that was imported and recorded."""
        learn(SqlLearning(self.database), Learning(), now=NOW)

    def show(self, who: str) -> CustomerView:
        """One customer."""
        return self.profiles.show(self.profiles.find(who))

    def standings(self, who: str) -> dict[str, bool]:
        """What stands for one customer: `email/offers` → yes or no."""
        return {f"{s.channel}/{s.topic}": s.granted for s in self.show(who).standings}

    def suppressed(self, who: str) -> dict[str, str]:
        """Channels on which one customer's address is suppressed → why."""
        return {
            str(a.channel): a.suppression.reason
            for a in self.show(who).addresses
            if a.suppression is not None
        }

    def count(self, table: str) -> int:
        """How many rows a table has."""
        with self.database.read() as connection:
            return len(connection.execute(select(schema.metadata.tables[table])).all())

    def snapshot(self) -> dict[str, list[Any]]:
        """Everything the import writes, to compare."""
        tables = ("customers", "addresses", "consents", "standings", "suppressions",
                  "interactions", "channel_uses")  # fmt: skip
        with self.database.read() as connection:
            return {
                name: sorted(
                    map(repr, connection.execute(select(schema.metadata.tables[name])).all())
                )
                for name in tables
            }
