"""The one composition root: settings in, a ready application out."""

from campaigns.bootstrap.app import POST_SHARD, App, connect
from campaigns.bootstrap.workers import dispatch_in_process

__all__ = ["POST_SHARD", "App", "connect", "dispatch_in_process"]
