"""64,000 real customers come in by the ordinary importer, and the counts agree with the source."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from campaigns.content.catalog import Catalog
from campaigns.domain.engagement import Learning
from campaigns.services.import_customers import import_customers
from campaigns.services.learn import learn
from campaigns.sources.customer_file import open_customer_file
from campaigns.sources.refusal_file import RefusalFile
from campaigns.store import schema
from campaigns.store.customers import SqlProfiles
from campaigns.store.engine import Database
from campaigns.store.learning import SqlLearning
from tests.hillstrom import SOURCE, write_hillstrom
from tests.shared import shared

NOW = datetime(2027, 3, 1, tzinfo=UTC)
TEMPLATES = Path(__file__).parents[2] / "templates"


@pytest.mark.slow
def test_every_customer_of_the_retailer_comes_in_with_their_past(
    sqlite_database: Database, tmp_path: Path
) -> None:
    with gzip.open(shared(SOURCE), "rt", encoding="utf-8") as file:
        source = list(csv.DictReader(file))
    path, mapping = write_hillstrom(tmp_path)
    opened = open_customer_file(path, mapping=mapping, attributes=Catalog(TEMPLATES).attributes())
    with RefusalFile(tmp_path / "refused.csv") as refusals:
        report = import_customers(
            opened, SqlProfiles(sqlite_database), refusals, now=NOW, actor="test"
        )
    assert report.report_path is None, (tmp_path / "refused.csv").read_text()[:500]
    assert (report.rows, report.created) == (64_000, 64_000) == (len(source), len(source))

    buys_by = Counter(row["channel"] for row in source)
    by_email = 2 * (buys_by["Web"] + buys_by["Multichannel"])
    by_sms = 3 * buys_by["Phone"] + buys_by["Multichannel"]
    visits = sum(row["visit"] == "1" for row in source)
    bought = sum(row["conversion"] == "1" for row in source)
    assert report.interactions == by_email + by_sms + visits + bought

    learn(SqlLearning(sqlite_database), Learning(), now=NOW)
    i, u = schema.interactions.c, schema.channel_uses.c
    with sqlite_database.read() as connection:
        kinds = dict(
            connection.execute(select(i.kind, func.count()).group_by(i.kind)).tuples().all()
        )
        answers = dict(
            connection.execute(select(u.channel, func.sum(u.answers)).group_by(u.channel))
            .tuples()
            .all()
        )
    assert kinds == {"purchased": by_email + by_sms + bought, "visited": visits}
    assert answers == {"email": by_email, "sms": by_sms}
