"""Alembic migrations, found as part of the installed package. `HEAD` is the newest revision."""

from __future__ import annotations

#: Compared with the database on every open, so that a current one costs one small query and
#: no import of Alembic. A test keeps it equal to the newest revision in `versions`.
HEAD = "0029"
