"""Erase: a customer's right to be forgotten (GDPR art. 17), in the database and beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from campaigns.domain.erasure import Erased


class Erasure(Protocol):
    """Where customers are kept."""

    def erase(self, customer_id: int, *, by: str, why: str, now: datetime) -> Erased:
        """Everything of one customer, in one transaction; what stays are keyed hashes that bar a
        re-import, and a line of the audit trail. Raises NotFoundError."""


class Reports(Protocol):
    """Files that tell rows which imports refused."""

    def forget(self, erased: Erased) -> int:
        """Take out the lines that quote this customer; how many there were."""


def erase(
    erasure: Erasure, reports: Reports, customer_id: int, *, by: str, why: str, now: datetime
) -> int:
    """Erase one customer; how many lines of reports went with them. Raises NotFoundError.

    The database first: once it has committed nothing is sent any more, whatever befalls the rest.
    """
    erased = erasure.erase(customer_id, by=by, why=why, now=now)
    return reports.forget(erased)
