"""What the application is made of: each part opened when it is first used, and once."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from campaigns.errors import UserError
from campaigns.services.dispatch import Clock
from campaigns.settings import Settings

if TYPE_CHECKING:
    from campaigns.content.catalog import Catalog
    from campaigns.services.links import Links
    from campaigns.store.api_keys import SqlApiKeys
    from campaigns.store.approvals import SqlApprovals
    from campaigns.store.arming import Marker, SqlArming
    from campaigns.store.audit import SqlAudit
    from campaigns.store.business_events import SqlBusinessEvents
    from campaigns.store.canaries import SqlCanaries
    from campaigns.store.clicks import SqlClicks
    from campaigns.store.customers import SqlProfiles
    from campaigns.store.engine import Database
    from campaigns.store.erasing import SqlErasure
    from campaigns.store.evidence import SqlEvidence
    from campaigns.store.figures import SqlFigures
    from campaigns.store.learning import SqlLearning
    from campaigns.store.mode import SqlMode
    from campaigns.store.onsite import SqlOnsite
    from campaigns.store.outbox import SqlOutbox
    from campaigns.store.paces import SqlPaces
    from campaigns.store.persons import SqlPersons
    from campaigns.store.planning import SqlPlanning
    from campaigns.store.plans import SqlPlans
    from campaigns.store.preferences import SqlPreferences
    from campaigns.store.releases import SqlReleases
    from campaigns.store.retention import SqlRetention
    from campaigns.store.runs import SqlRuns


class Parts:
    """Settings and the adapters they choose. A context: leaving it gives connections back."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give every connection back."""
        if "marker" in self.__dict__:
            self.marker.close()
        if "database" in self.__dict__:
            self.database.close()

    @cached_property
    def database(self) -> Database:
        """The store's database, migrated."""
        from campaigns.store.engine import open_database

        return open_database(self.settings.database_url, self.settings.home)

    @cached_property
    def catalog(self) -> Catalog:
        """The marketer's files."""
        from campaigns.content.catalog import Catalog

        return Catalog(self.settings.templates)

    @cached_property
    def home(self) -> ZoneInfo:
        """The zone of the brand's clock, by which people are told moments; UTC where its file
        cannot be read now: that must hide no run."""
        try:
            return ZoneInfo(self.catalog.brand().time_zone)
        except UserError:
            return ZoneInfo("UTC")

    def now_at_home(self) -> datetime:
        """This moment by the brand's clock."""
        return self.clock.now().astimezone(self.home)

    @cached_property
    def releases(self) -> SqlReleases:
        """Frozen releases."""
        from campaigns.store.releases import SqlReleases

        return SqlReleases(self.database)

    @cached_property
    def approvals(self) -> SqlApprovals:
        """Who approved which release."""
        from campaigns.store.approvals import SqlApprovals

        return SqlApprovals(self.database)

    @cached_property
    def plans(self) -> SqlPlans:
        """Plans that were decided on, and the plans of runs."""
        from campaigns.store.plans import SqlPlans

        return SqlPlans(self.database)

    @cached_property
    def canaries(self) -> SqlCanaries:
        """The first few of runs, watched before the rest goes."""
        from campaigns.store.canaries import SqlCanaries

        return SqlCanaries(self.database)

    @cached_property
    def runs(self) -> SqlRuns:
        """Runs and shards."""
        from campaigns.store.runs import SqlRuns

        return SqlRuns(self.database)

    @cached_property
    def planning(self) -> SqlPlanning:
        """Profiles as planning reads them, and plans."""
        from campaigns.store.planning import SqlPlanning

        return SqlPlanning(self.database)

    @cached_property
    def outbox(self) -> SqlOutbox:
        """Deliveries."""
        from campaigns.store.outbox import SqlOutbox

        return SqlOutbox(self.database)

    @cached_property
    def figures(self) -> SqlFigures:
        """How runs stand."""
        from campaigns.store.figures import SqlFigures

        return SqlFigures(self.database)

    @cached_property
    def paces(self) -> SqlPaces:
        """The senders' rates and breakers."""
        from campaigns.store.paces import SqlPaces

        return SqlPaces(self.database)

    @cached_property
    def profiles(self) -> SqlProfiles:
        """Customers, for reading and writing."""
        from campaigns.store.customers import SqlProfiles

        return SqlProfiles(self.database)

    @cached_property
    def preferences(self) -> SqlPreferences:
        """What customers ask for on their own pages."""
        from campaigns.store.preferences import SqlPreferences

        return SqlPreferences(self.database)

    @cached_property
    def erasure(self) -> SqlErasure:
        """Erasing customers."""
        from campaigns.store.erasing import SqlErasure

        return SqlErasure(self.database)

    @cached_property
    def retention(self) -> SqlRetention:
        """Deleting the past."""
        from campaigns.store.retention import SqlRetention

        return SqlRetention(self.database)

    @cached_property
    def learning(self) -> SqlLearning:
        """What customers do on each channel."""
        from campaigns.store.learning import SqlLearning

        return SqlLearning(self.database)

    @cached_property
    def evidence(self) -> SqlEvidence:
        """What providers report."""
        from campaigns.store.evidence import SqlEvidence

        return SqlEvidence(self.database)

    @cached_property
    def business_events(self) -> SqlBusinessEvents:
        """What the rest of the business tells."""
        from campaigns.store.business_events import SqlBusinessEvents

        return SqlBusinessEvents(self.database)

    @cached_property
    def onsite(self) -> SqlOnsite:
        """What customers were told, for the web site and the app."""
        from campaigns.store.onsite import SqlOnsite

        return SqlOnsite(self.database)

    @cached_property
    def api_keys(self) -> SqlApiKeys:
        """Keys of the programs that use the APIs."""
        from campaigns.store.api_keys import SqlApiKeys

        return SqlApiKeys(self.database)

    @cached_property
    def persons(self) -> SqlPersons:
        """Merges of profiles, and the pairs to review."""
        from campaigns.store.persons import SqlPersons

        return SqlPersons(self.database)

    @cached_property
    def clicks(self) -> SqlClicks:
        """Click links and the requests on them."""
        from campaigns.store.clicks import SqlClicks

        return SqlClicks(self.database)

    @cached_property
    def audit(self) -> SqlAudit:
        """Who did what."""
        from campaigns.store.audit import SqlAudit

        return SqlAudit(self.database)

    @cached_property
    def marker(self) -> Marker:
        """Which batches have left, beside the database."""
        from campaigns.store.arming import Marker

        return Marker(self.settings.home / "markers")

    @cached_property
    def arming(self) -> SqlArming:
        """Whether this database may send."""
        from campaigns.store.arming import SqlArming

        return SqlArming(self.database, self.marker)

    @cached_property
    def mode(self) -> SqlMode:
        """Whether this database is the sandbox's or live."""
        from campaigns.store.mode import SqlMode

        return SqlMode(self.database, self.settings.mode)

    @cached_property
    def links(self) -> Links:
        """Signed links to customers' pages."""
        from campaigns.bootstrap.wiring import link_secret
        from campaigns.services.links import Links

        given = self.settings.link_secrets_before.get_secret_value().split(",")
        before = [secret.strip() for secret in given if secret.strip()]
        return Links(str(self.settings.public_url), link_secret(self.settings), before)
