"""From a campaign's files to a run: checked, compiled, approved, started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from campaigns.bootstrap.sending import Sending
from campaigns.domain.findings import Finding, Level, faults
from campaigns.domain.plan import PlanCounts
from campaigns.domain.portion import WHOLE, Portion, portion_of
from campaigns.domain.progress import hold_in_words
from campaigns.domain.recurring import in_its_edition
from campaigns.domain.release import Release
from campaigns.domain.run import ACTIVE_RUN_STATES, Run, RunState
from campaigns.domain.start import lateness
from campaigns.errors import EmptyAudienceError, NotFoundError, RunHeldError, UserError
from campaigns.services.approve import require_approval
from campaigns.services.choosing import opening_by
from campaigns.services.plan_run import preview

if TYPE_CHECKING:
    from campaigns.domain.delivery import DeliveryState


class Starting(Sending):
    """The verbs that come before a run, over what sends."""

    def campaign_names(self) -> list[str]:
        """The campaigns in the templates folder."""
        return self.catalog.campaigns()

    def check(self, name: str) -> list[Finding]:
        """All findings of one campaign, without sending anything."""
        return self.catalog.check(name, self.clock.now())

    def check_each(self, names: Sequence[str]) -> list[Finding]:
        """The findings of several campaigns, each once. Raises NotFoundError."""
        if len(names) > 1:
            self.catalog.examine_all(names)
        return list(dict.fromkeys(f for name in names for f in self.check(name)))

    def check_all(self) -> list[Finding]:
        """Findings of the files of no one campaign, then of every campaign. Raises NotFoundError
        where there is none to check."""
        names = self.campaign_names()
        shared = self.catalog.check_shared()
        if not names and not shared:
            raise NotFoundError(
                f"there is no campaign in {self.settings.templates / 'campaigns'}; `campaigns new "
                "NAME` starts one."
            )
        # The brand's findings are those of every campaign, and are told once.
        return list(dict.fromkeys([*shared, *self.check_each(names)]))

    def compile(self, name: str, on: datetime | None = None) -> Release:
        """The campaign's release; of one that recurs, the edition of now or of a given moment.
        Raises UserError with every finding of level error."""
        errors = faults(f for f in self.check(name) if f.level is Level.ERROR)
        if errors:
            listed = "\n".join(f"  {fault}" for fault in errors)
            number = "an error" if len(errors) == 1 else f"{len(errors)} errors"
            raise UserError(f"{name} cannot run: {number}; nothing was sent.\n{listed}")
        return in_its_edition(self.catalog.compile(name), on or self.clock.now())

    def schemas(self) -> dict[str, dict[str, object]]:
        """JSON Schemas of the YAML files, by name."""
        from campaigns.sources.mapping import MappingFile

        return {**self.catalog.schemas(), "mapping": MappingFile.model_json_schema()}

    def preview(self, name: str, limit: int | None = None, portion: Portion = WHOLE) -> PlanCounts:
        """Who would get what if the campaign ran now. Writes nothing."""
        release = self.compile(name)
        timing = self._timing(release)
        now = self.clock.now()
        opening = opening_by(timing, now)
        return preview(
            self.planning, release, now=now, limit=limit, opening=opening, portion=portion
        )

    def start_run(
        self,
        name: str,
        limit: int | None = None,
        scheduled_for: datetime | None = None,
        *,
        continues: bool = False,
        channels: Iterable[str] = (),
        locales: Iterable[str] = (),
    ) -> tuple[Run, bool]:
        """Compile, check and start a run; or go on with the campaign's active one (True).

        `channels` and `locales` restrict it to these; empty: all that the campaign has.

        One that `continues` goes on with the journeys of those who are on one; nobody enters.

        One that starts later than it was scheduled for, beyond the campaign's tolerance, is held:
        it is planned but sends nothing until a person says so.

        Raises UserError for findings, ConfigurationError in a database of the other mode,
        EmptyAudienceError when nobody is in the audience.
        """
        from campaigns.bootstrap.wiring import refuse_unready_live_run

        self.mode.require()
        release = self.compile(name, scheduled_for)
        portion = portion_of(release.policy, channels, locales)
        refuse_unready_live_run(self.settings, release)
        now = self.clock.now()
        if continues and not release.policy.journey.goes_on:
            raise UserError(f"{name} is one message: there is no journey to go on with.")
        if not continues and not self.planning.anybody_in(release.policy.audience, now=now):
            raise EmptyAudienceError(
                f"nobody is in the audience of {name}; nothing was sent. Look at `audience:` in "
                f"its campaign.yaml, or import customers first (`campaigns import FILE`)."
            )
        self.mode.bind()
        self.sweep()  # what a stopped run's last workers gave back would count as planned already
        self.releases.save(release, now)
        limit = self._approved(release, limit)
        size = self.settings.shard_size
        run, resumed = self.runs.start(
            release,
            now=now,
            shard_size=size,
            limit=limit,
            continues=continues,
            portion=portion,
        )
        self.require_no_hold(run)
        late = None if resumed else lateness(release.policy, scheduled_for, now)
        if late is None:
            return run, resumed
        self.runs.move(run.id, RunState.PAUSED, now=now, because=late, as_held=True)
        return self.runs.get(run.id), resumed

    def _approved(self, release: Release, limit: int | None) -> int | None:
        """To how many people the release may go; None is everybody. Raises ApprovalNeededError.

        A run under way goes on by the yes it was started with."""
        latest = self.runs.latest(release.campaign)
        if latest is not None and latest.state in ACTIVE_RUN_STATES:
            return limit
        approval = require_approval(release, self.approvals, self.plans)
        most = [n for n in (limit, approval.first if approval else None) if n is not None]
        return min(most, default=None)

    def require_no_hold(self, run: Run) -> None:
        """Raises RunHeldError when the run waits for a person."""
        hold = self.audit.hold(run.id)
        if hold is not None:
            raise RunHeldError(
                f"run {run.id} of {run.campaign} was {hold_in_words(hold, self.home)}. "
                f"`campaigns resume {run.id}` goes on with it, `campaigns cancel {run.id}` ends it."
            )

    def sweep(self) -> Mapping[DeliveryState, int]:
        """Take back what workers that died had in their hands."""
        return self.outbox.sweep(now=self.clock.now())
