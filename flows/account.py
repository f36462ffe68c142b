"""The report of a run on its page in Prefect: the goal first, every figure, the proof."""

from __future__ import annotations

from campaigns.bootstrap import connect
from campaigns.bootstrap.reporting import report_markdown
from flows.choices import title
from flows.reporting import publish


def publish_report(campaign: str, run_id: int) -> None:
    """Counts and sentences only: no customer's name, address or number."""
    with connect() as app:
        markdown = report_markdown(app, str(run_id))
    publish(f"report-{campaign}", markdown, f"Report of {title(campaign)}, run {run_id}")
