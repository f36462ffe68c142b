"""`campaigns deploy`: work pool, deployments, forms and alerts, on the server that is set.

Safe to repeat: what is there is brought up to date, what people switched on or off stays so.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from httpx import TransportError
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL

from campaigns.bootstrap import connect
from campaigns.bootstrap.offering import Offered, offered
from campaigns.errors import CampaignsError, ConfigurationError
from flows.automations import put_automations
from flows.deployments import (
    FILE,
    POOL,
    as_left,
    campaign_of,
    changed_back,
    deployment_name,
    put_campaigns,
    read,
    written,
)
from flows.forms import friendly

Standing = dict[str, DeploymentResponse]


def deploy(notify: Sequence[str] = ()) -> list[str]:
    """Do all of it; what was done, in sentences. Raises ConfigurationError with the way out."""
    if not FILE.is_file():
        raise ConfigurationError(
            "there is no prefect.yaml here: go to the checkout's folder first."
        )
    with connect() as app:
        campaigns = offered(app)
    told = [write_blocks(campaigns)]
    with get_client(sync_client=True) as client:
        _work_pool(client)
        before = _standing(client)
        told += changed_back(read(), before)
        _prefect_deploy(before)
        standing = _standing(client)
        for block in read()["deployments"]:
            own = next((c for c in campaigns if c.name == campaign_of(block)), None)
            _mend_form(client, standing[block["name"]], own)
        told += _switched(standing)
        told.append(put_automations(client, notify, [d.id for d in standing.values()]))
    where = PREFECT_UI_URL.value() or PREFECT_API_URL.value() or "this machine's own database"
    told.append(f"{len(standing)} deployments are on {where}.")
    return [sentence for sentence in told if sentence]


def write_blocks(campaigns: list[Offered]) -> str:
    """Bring prefect.yaml up to date with the templates."""
    document = read()
    blocks = put_campaigns(document, campaigns)
    told = []
    if blocks.added or blocks.changed:
        FILE.write_text(written(document), encoding="utf-8")
        told.append(f"{FILE} has been written for {', '.join(blocks.added + blocks.changed)}.")
    told += [
        f"{FILE} still has {name}, which is not in the templates: delete its block, and `prefect "
        f"deployment delete send-campaign/{deployment_name(name)}`."
        for name in blocks.left_over
    ]
    return "\n".join(told)


def _work_pool(client: SyncPrefectClient) -> None:
    try:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    except ObjectAlreadyExists:
        return  # as people left it


def _standing(client: SyncPrefectClient) -> Standing:
    """Name → deployment, of those that prefect.yaml names."""
    names = [block["name"] for block in read()["deployments"]]
    wanted = DeploymentFilter(name=DeploymentFilterName(any_=names))
    found = client.read_deployments(deployment_filter=wanted, limit=200)
    return {d.name: d for d in found}


def _prefect_deploy(standing: Standing) -> None:
    """`prefect deploy --all`, with the file as people left things on the server."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FILE.name
        file.write_text(written(as_left(read(), standing)), encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
            [
                sys.executable,
                "-m",
                "prefect",
                "--no-prompt",
                "deploy",
                "--all",
                "--prefect-file",
                file,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode:
        raise ConfigurationError(f"`prefect deploy --all` failed:\n{done.stdout}")


def _mend_form(
    client: SyncPrefectClient, deployment: DeploymentResponse, campaign: Offered | None
) -> None:
    """Make the form one for people; that of a campaign offers that campaign and no other."""
    schema = friendly(deployment.parameter_openapi_schema or {}, campaign=campaign)
    client.update_deployment(deployment.id, DeploymentUpdate(parameter_openapi_schema=schema))


def _switched(standing: Standing) -> list[str]:
    """Where the server's switch differs from the file's: the server's holds."""
    told = []
    for block in read()["deployments"]:
        wanted = {s["slug"]: s.get("active", True) for s in block.get("schedules") or []}
        there = standing[block["name"]]
        told += [
            f"{there.name}: schedule {s.slug} is {_on(s.active)} on the server, and stays so "
            f"({FILE} says {_on(wanted[s.slug])})."
            for s in there.schedules
            if s.slug in wanted and wanted[s.slug] != s.active
        ]
    return told


def _on(active: bool) -> str:
    return "on" if active else "off"


def main() -> int:
    """The command's other half: `campaigns` itself does not know Prefect."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--notify", nargs="*", default=[])
    try:
        for sentence in deploy(parser.parse_args().notify):
            print(sentence)
    except CampaignsError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    except (TransportError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "ephemeral" not in str(error):
            raise  # another than that Prefect's own server did not start in time
        where = PREFECT_API_URL.value() or "on this machine"
        print(
            f"Error: Prefect's server ({where}) does not answer: {error or type(error).__name__}. "
            "Start one (`prefect server start`), or set PREFECT_API_URL to one that runs.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
