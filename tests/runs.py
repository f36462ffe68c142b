"""A campaign's run, as far as a test wants it, by the verbs that commands and flows call."""

from __future__ import annotations

from campaigns.bootstrap import App
from campaigns.domain.run import Run


def plan_run(
    app: App, name: str = "spring_sale", limit: int | None = None, *, continues: bool = False
) -> Run:
    """A run that has a plan and has sent nothing."""
    run, _ = app.start_run(name, limit, continues=continues)
    for shard in app.shards(run.id):
        app.plan_shard(run.id, shard.no)
    return run


def send_run(app: App, run_id: int) -> int:
    """Send what is planned, and close the run; its number again."""
    app.begin_sending(run_id)
    app.dispatch_all(run_id)
    app.finish(run_id)
    return run_id
