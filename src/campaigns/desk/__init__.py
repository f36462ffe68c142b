"""The desk: pages for service and shop staff. Never part of the public app (decision 21)."""
