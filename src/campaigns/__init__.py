"""One campaign message, the same facts on every channel, to each customer once."""

__version__ = "0.1.0"
