"""The release: its policy, its variants, and the hash that stands for its files."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.release import Release
from tests.unit.content.files import Files


def release(files: Files) -> Release:
    compiled = files.compile()
    assert compiled.findings == ()
    assert compiled.release is not None
    return compiled.release


def test_a_sound_campaign_gives_a_release_without_findings(files: Files) -> None:
    made = release(files)
    assert len(made.skeletons) == 5 * 2
    assert made.policy.locales == ("en_GB", "es_ES")
    assert (made.policy.purpose, made.policy.topic) == (Purpose.MARKETING, "offers")
    assert made.policy.post_locale == "en_GB"
    assert made.policy.expires_at == datetime(2027, 3, 31, 22, 0, tzinfo=UTC)
    assert made.facts["ends_on"] == {"en_GB": "31 March 2027", "es_ES": "31 de marzo de 2027"}
    assert made.senders[Channel.X_DM] == {"handle": "demo_testa"}
    assert made.senders[Channel.SMS] == {"from": "+447700900123"}


def test_the_same_files_give_the_same_hash_in_another_folder(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = release(files).hash
    elsewhere = Files(tmp_path / "other" / "place")
    assert release(elsewhere).hash == first
    monkeypatch.chdir(tmp_path)
    relative = Files(Path("other/place"))
    assert release(relative).hash == first


@pytest.mark.parametrize(
    "name",
    [
        "brand.yaml",
        "attributes.yaml",
        "layouts/sms.txt.j2",
        "campaigns/sale/campaign.yaml",
        "campaigns/sale/copy.es.yaml",
    ],
)
def test_an_edit_of_any_file_changes_the_hash(files: Files, name: str) -> None:
    before = release(files).hash
    path = files.root / name
    comment = "{# edited #}" if name.endswith(".j2") else "# edited\n"
    path.write_text(path.read_text() + comment)
    assert release(files).hash != before


def test_another_campaigns_files_do_not_change_the_hash(files: Files) -> None:
    before = release(files).hash
    shutil.copytree(files.root / "campaigns/sale", files.root / "campaigns/other")
    assert release(files).hash == before


def test_the_manifest_holds_no_path_of_this_machine(files: Files) -> None:
    assert str(files.root) not in str(release(files).manifest)
    assert "campaigns/sale/copy.en.yaml" in str(release(files).manifest)


def test_a_day_of_expiry_lasts_to_its_midnight_at_the_brands_place(files: Files) -> None:
    assert release(files).policy.expires_at == datetime(2027, 3, 31, 22, 0, tzinfo=UTC)


def test_a_moment_of_expiry_is_read_at_the_brands_place(files: Files) -> None:
    files.campaign("expires: 2027-03-31", "expires: 2027-01-31T20:00")
    assert release(files).policy.expires_at == datetime(2027, 1, 31, 19, 0, tzinfo=UTC)


def test_service_messages_ask_for_no_topic(files: Files) -> None:
    files.campaign("topic: offers", "purpose: service")
    assert release(files).policy.topic == "*"


def test_a_variant_differs_where_it_says_so(files: Files) -> None:
    files.english("call_to", "variants: {b: {headline: 'B: {{ facts.discount }}'}}\ncall_to")
    files.spanish("call_to", "variants: {b: {headline: 'B: {{ facts.discount }}'}}\ncall_to")
    made = release(files)
    a = made.skeleton(Channel.WHATSAPP, "en_GB", (), "a").parts["body"].literals[1]
    b = made.skeleton(Channel.WHATSAPP, "en_GB", (), "b").parts["body"].literals[1]
    assert ("20% off everything" in a, "B: 20%" in b) == (True, True)


def test_the_public_post_has_one_skeleton_per_locale_whatever_the_traits(files: Files) -> None:
    files.campaign("audience:", "traits: [is_member]\naudience:")
    made = release(files)
    posts = [s for s in made.skeletons if s.channel is Channel.X_POST]
    mails = [s for s in made.skeletons if s.channel is Channel.EMAIL]
    assert (len(posts), len(mails)) == (2, 4)


def test_customers_without_a_trait_get_the_first_of_its_values(files: Files) -> None:
    files.campaign("audience:", "traits: [is_member, tier]\naudience:")
    assert release(files).skeletons[0].traits == (("is_member", False), ("tier", "basic"))
