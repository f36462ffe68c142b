"""Looking on while campaigns are sent: log lines, OpenTelemetry spans, Prometheus figures.

With nothing configured none of it is loaded, and sending costs what it costs without.
"""

from __future__ import annotations

from campaigns.bootstrap.observing.observer import Carrier, Observer, observer

__all__ = ["Carrier", "Observer", "observer"]
