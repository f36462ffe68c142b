"""The account as JSON, for programs: every figure with its query, and what was concluded.

No person's name and no address: counts and sentences only.
"""

from __future__ import annotations

from dataclasses import asdict

from campaigns.account_page.markdown import answer_sentences
from campaigns.domain.account import Account, Costs, figure_rows


def account_json(account: Account) -> dict[str, object]:
    """For `--json`."""
    run = account.run
    return {
        "run": run.id,
        "campaign": run.campaign,
        "edition": run.edition,
        "state": run.state,
        "mode": account.mode,
        "release": run.release_hash,
        "at": account.at.isoformat(),
        "goal": account.goal and {"kind": account.goal[0], "within_days": account.goal[1]},
        "summary": answer_sentences(account),
        "course": list(account.course),
        "incremental": account.incremental and asdict(account.incremental),
        "costs": account.costs and _costs_json(account.costs),
        "proof": asdict(account.proof),
        "facts": {name: dict(written) for name, written in account.facts.items()},
        "findings": account.findings,
        "figures": [asdict(row) for row in figure_rows(account)],
        "queries": {query.name: query.sql for query in account.queries},
    }


def _costs_json(costs: Costs) -> dict[str, object]:
    return {
        "currency": costs.currency,
        "total": float(costs.total),
        "budget": None if costs.budget is None else float(costs.budget),
        "lines": [
            {
                "channel": line.channel,
                "country": line.country,
                "messages": line.messages.value,
                "units": line.units,
                "total": None if line.total is None else float(line.total),
            }
            for line in costs.lines
        ],
    }
