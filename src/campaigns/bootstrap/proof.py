"""Verbs about releases: find one, compare two, make a sent message again."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.bootstrap.app import App
from campaigns.domain.message import Skeleton, fill, message_hash
from campaigns.domain.release import Release
from campaigns.domain.release_diff import Change, diff
from campaigns.domain.views import DeliveryView
from campaigns.errors import NotFoundError, UserError

#: So many characters of a hash are enough to name a release, if only one begins with them.
SHORTEST = 6


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A message made again.

    Attributes:
        parts: the exact message; empty where the stored values are not those of the skeleton.
        expected: the hash stored before the message left; `found` is computed now, from the
            skeleton's content and the stored values.
        in_release: the release is stored as it was frozen, and the skeleton is one of its.
    """

    view: DeliveryView
    parts: dict[str, str]
    expected: str
    found: str
    in_release: bool

    @property
    def proven(self) -> bool:
        """Whether this is, byte for byte, what was said."""
        return self.expected == self.found and self.in_release


def find_release(app: App, name: str) -> Release:
    """A release by its hash, or its beginning: a stored one, else what the files compile to now.

    Raises NotFoundError, or UserError when several begin so.
    """
    if len(name) < SHORTEST:
        raise UserError(f"`{name}` is too short for a release; give {SHORTEST} characters or more.")
    stored = app.releases.starting_with(name)
    if len(stored) > 1:
        raise UserError(f"several releases begin with `{name}`: {', '.join(stored)}.")
    if stored:
        return app.releases.load(stored[0])
    for campaign in app.campaign_names():
        compiled = app.catalog.examine(campaign).release
        if compiled is not None and compiled.hash.startswith(name):
            return compiled
    raise NotFoundError(
        f"no release begins with `{name}`, neither stored nor made by the present files. "
        "`campaigns plan NAME` tells a campaign's release."
    )


def compare_releases(app: App, old: str, new: str) -> list[Change]:
    """What changed from one release to another."""
    return diff(find_release(app, old), find_release(app, new))


def reproduce(app: App, delivery_id: int) -> Reproduction:
    """Make a delivery's message again and hold it against the hash that was stored.

    Raises NotFoundError when there is no such delivery or nothing has been written for it.
    """
    view = app.profiles.delivery(delivery_id)
    if view.values is None or view.message_hash is None:
        raise NotFoundError(
            f"delivery {delivery_id} has no message: it is {view.state} and nothing was written "
            "for it, or the customer was erased."
        )
    skeleton = app.releases.skeleton(view.skeleton_id)
    return made_again(view, skeleton, app.releases.load(view.release_hash))


def require_whole(release: Release, frozen: str) -> None:
    """Nothing is sent of a release that was altered where it is stored. Raises UserError."""
    if not release.is_whole(frozen):
        raise UserError(
            f"release {frozen} is not stored as it was frozen and approved; nothing is sent. "
            "Restore the database from a backup: a run that is started again from the same files "
            "would send the same release."
        )


def made_again(view: DeliveryView, skeleton: Skeleton, release: Release) -> Reproduction:
    """The message of a delivery that has one, from its skeleton and stored values."""
    assert view.values is not None
    assert view.message_hash is not None
    return Reproduction(
        view=view,
        parts=fill(skeleton, view.values) if skeleton.slots.keys() <= view.values.keys() else {},
        expected=view.message_hash,
        found=message_hash(skeleton.hash, view.values),
        in_release=release.is_whole(view.release_hash)
        and any(s.hash == skeleton.hash for s in release.skeletons),
    )
