"""The flow `import-customers`: bring customers in from a file that the worker can read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from prefect import flow
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.errors import CampaignsError
from flows.forms import labelled
from flows.reporting import publish
from flows.steps import CannotGoOnError, failed, outcome, step

if TYPE_CHECKING:
    from campaigns.services.import_customers import ImportReport

#: A line in the log at most every so many rows.
TELL_EVERY = 50_000


def run_name() -> str:
    """`customers.csv, 22 Nov`."""
    started = flow_run.scheduled_start_time
    return f"{Path(str(flow_run.parameters['path'])).name}, {started.day} {started:%b}"


@flow(name="import-customers", flow_run_name=run_name, persist_result=False)
def import_customers(
    path: Annotated[str, labelled("File", min_length=1)],
    mapping: Annotated[str | None, labelled("Mapping")] = None,
    encoding: Annotated[str | None, labelled("Encoding")] = None,
) -> Any:
    """Bring customers in; importing again updates and never duplicates.

    An import never turns an opt-out into consent. Bad rows are refused one by one into a report
    file beside the database; the good ones go in.

    Args:
        path: CSV or Parquet, as the worker sees it; relative to the checkout.
        mapping: YAML file that says which column is what. Empty: the export is recognised by its
            headers (Mailchimp, Shopify, HubSpot, Klaviyo).
        encoding: if the file is not UTF-8, such as latin-1.
    """
    try:
        report = outcome(read_file(path, mapping, encoding, return_state=True))
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    counts = report.counts()
    rows = [f"| {name} | {number:,} |" for name, number in counts.items()]
    publish("import", "\n".join(["| | rows |", "|---|---:|", *rows]), "Report of the import")
    told = ", ".join(f"{number:,} {name}" for name, number in counts.items())
    if report.refused == report.rows:
        return failed(CannotGoOnError(f"Every row was refused ({told}): see {report.report_path}"))
    return Completed(message=f"{told}.", data=dict(counts))


@step("import {path}", repeatable=False)
def read_file(path: str, mapping: str | None, encoding: str | None) -> ImportReport:
    """Read, check and store row by row; the file itself never reaches Prefect."""
    log = get_run_logger()
    told = 0

    def progress(rows: int) -> None:
        nonlocal told
        if rows - told >= TELL_EVERY:
            told = rows
            log.info("%s rows read", f"{rows:,}")

    with connect() as app:
        report = app.import_customers(
            Path(path), Path(mapping) if mapping else None, encoding or None, progress
        )
    if report.report_path is not None:
        log.warning("Refused rows, with line and reason, are in %s", report.report_path)
    return report
