"""What a new customer is taken for where the row does not say."""

from __future__ import annotations

from campaigns.domain.intake import Fields
from campaigns.sources import places
from campaigns.sources.mapping import Defaults

#: The locale of a customer of whom nothing is known: campaigns then use their default locale.
_UNDETERMINED = "und"


class Otherwise:
    """By the mapping's `defaults` and, failing them, the brand's (`fallback`)."""

    def __init__(self, defaults: Defaults, fallback: Defaults) -> None:
        self._defaults = defaults
        self._fallback = fallback
        self._known: dict[str | None, Fields] = {}

    def of(self, region: str | None) -> Fields:
        """For a customer of this country."""
        known = self._known.get(region)
        if known is None:
            known = self._known[region] = self._of(region)
        return known

    def _of(self, region: str | None) -> Fields:
        """A brand's time zone is not a foreign customer's: better none, and quiet hours that hold
        in all zones of the country, than a wrong one."""
        own, brand = self._defaults, self._fallback
        at_home = region is not None and region == brand.country
        return Fields(
            locale=own.locale or places.likely_locale(region) or brand.locale or _UNDETERMINED,
            country=own.country,
            time_zone=own.time_zone or (brand.time_zone if at_home else None),
        )
