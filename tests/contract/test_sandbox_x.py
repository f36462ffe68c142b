"""The sandbox as X, through tweepy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import requests
import tweepy

from campaigns.sandbox.process import SandboxProcess
from tests.sandbox_clients import control, x_client


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One with generous limits; X's own are tested apart."""
    home = tmp_path_factory.mktemp("sandbox")
    config = home / "config.json"
    config.write_bytes(
        orjson.dumps(
            {
                "x_post_limit": 1000,
                "x_dm_limit": 1000,
                "x_users": [{"username": "demo_preloaded"}],
            }
        )
    )
    with SandboxProcess(home, config=config) as running:
        yield running


@pytest.fixture(scope="module")
def client(sandbox: SandboxProcess) -> tweepy.Client:
    """X's client."""
    return x_client(sandbox.url)


def _id(client: tweepy.Client, username: str) -> str:
    return str(client.get_user(username=username, user_auth=True).data.id)


def test_a_post_is_logged_for_everyone_and_stands_in_the_timeline(
    sandbox: SandboxProcess, client: tweepy.Client
) -> None:
    text = "20% until 31 March 🌱 https://shop.example.com/spring"
    posted = client.create_tweet(text=text).data
    assert posted["text"] == text
    (entry,) = [e for e in sandbox.log.entries(channel="x_post") if e.provider_id == posted["id"]]
    assert (entry.provider, entry.recipient, entry.delivery) == ("x", None, None)
    assert sandbox.log.seen(entry).text == text
    me = client.get_me().data
    timeline = client.get_users_tweets(me.id, max_results=100, user_auth=True).data
    assert posted["id"] in [str(tweet.id) for tweet in timeline]


def test_the_same_text_twice_is_403_also_after_a_restart(tmp_path: Path) -> None:
    for attempt in range(2):
        with SandboxProcess(tmp_path) as sandbox:
            client = x_client(sandbox.url)
            if attempt == 0:
                client.create_tweet(text="Once")
            with pytest.raises(tweepy.Forbidden, match="duplicate content"):
                client.create_tweet(text="Once")
            assert sandbox.log.counts() == {"x_post": 1}


def test_280_weighted_characters_pass_and_one_more_does_not(client: tweepy.Client) -> None:
    url = "https://shop.example.com/" + "x" * 100  # counts 23
    client.create_tweet(text="a" * 256 + " " + url)
    with pytest.raises(tweepy.Forbidden, match="too long"):
        client.create_tweet(text="b" * 257 + " " + url)
    client.create_tweet(text="漢" * 140)
    with pytest.raises(tweepy.Forbidden, match="too long"):
        client.create_tweet(text="字" * 141)


def test_an_empty_post_is_invalid(client: tweepy.Client) -> None:
    with pytest.raises(tweepy.BadRequest):
        client.create_tweet(text="")


@pytest.mark.parametrize(
    "wrong",
    [
        {"consumer_key": "other"},
        {"consumer_secret": "other"},
        {"access_token": "other"},
        {"access_token_secret": "other"},
    ],
)
def test_a_request_signed_with_another_key_is_401(
    sandbox: SandboxProcess, wrong: dict[str, str]
) -> None:
    with pytest.raises(tweepy.Unauthorized):
        x_client(sandbox.url, **wrong).create_tweet(text=f"signed with {wrong}")


def test_a_request_without_signature_or_with_a_bearer_token_is_401(
    sandbox: SandboxProcess,
) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "OAuth nonsense"}):
        answer = requests.post(
            f"{sandbox.url}/2/tweets", json={"text": "unsigned"}, headers=headers, timeout=60
        )
        assert answer.status_code == 401
        assert answer.json()["title"] == "Unauthorized"


def test_a_signature_is_good_for_one_request_and_one_address(
    sandbox: SandboxProcess, client: tweepy.Client
) -> None:
    response = x_client(sandbox.url)
    seen: list[requests.PreparedRequest] = []
    response.session.hooks["response"].append(lambda r, **_: seen.append(r.request))
    response.get_me()
    headers = dict(seen[0].headers)
    replayed = requests.get(f"{sandbox.url}/2/users/me", headers=headers, timeout=60)
    elsewhere = requests.get(
        f"{sandbox.url}/2/users/by/username/demo_ana", headers=headers, timeout=60
    )
    assert (replayed.status_code, elsewhere.status_code) == (401, 401)


def test_a_direct_message_goes_to_someone_who_wrote_first(
    sandbox: SandboxProcess, client: tweepy.Client
) -> None:
    control(sandbox.url, "POST", "x/users", [{"username": "demo_ana"}])
    sent = client.create_direct_message(participant_id=_id(client, "demo_ana"), text="Hola").data
    assert sent["dm_event_id"]
    (entry,) = sandbox.log.entries(to="demo_ana")
    assert (entry.channel, entry.provider_id) == ("x_dm", sent["dm_event_id"])
    assert sandbox.log.seen(entry).text == "Hola"


def test_users_can_be_declared_before_the_start(client: tweepy.Client) -> None:
    client.create_direct_message(participant_id=_id(client, "demo_preloaded"), text="Hola")


def test_nobody_else_gets_a_direct_message(sandbox: SandboxProcess, client: tweepy.Client) -> None:
    closed = {"username": "demo_closed", "accepts_dms": False}
    control(sandbox.url, "POST", "x/users", closed)
    for username in ("demo_closed", "demo_stranger"):
        with pytest.raises(tweepy.Forbidden, match="permission to DM"):
            client.create_direct_message(participant_id=_id(client, username), text="Hola")
        assert not list(sandbox.log.entries(to=username))


def test_a_direct_message_takes_ten_thousand_characters(
    sandbox: SandboxProcess, client: tweepy.Client
) -> None:
    control(sandbox.url, "POST", "x/users", {"username": "demo_long"})
    user = _id(client, "demo_long")
    client.create_direct_message(participant_id=user, text="a" * 10_000)
    with pytest.raises(tweepy.BadRequest):
        client.create_direct_message(participant_id=user, text="a" * 10_001)


def test_a_username_that_is_gone_is_found_as_x_finds_it_by_an_error_in_a_200(
    sandbox: SandboxProcess, client: tweepy.Client
) -> None:
    control(sandbox.url, "POST", "x/users", {"username": "demo_gone", "found": False})
    answer = client.get_user(username="demo_gone", user_auth=True)
    assert answer.data is None
    assert answer.errors[0]["title"] == "Not Found Error"


def test_names_are_found_whatever_their_case_and_keep_their_id(client: tweepy.Client) -> None:
    assert _id(client, "Demo_Case") == _id(client, "demo_case")


def test_the_account_knows_itself(client: tweepy.Client) -> None:
    assert client.get_me().data.username == "demo_brotanell"


def test_above_the_limit_x_says_when_to_come_back(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_bytes(orjson.dumps({"x_post_limit": 1}))
    with SandboxProcess(tmp_path / "home", config=config) as sandbox:
        client = x_client(sandbox.url)
        client.create_tweet(text="first")
        with pytest.raises(tweepy.TooManyRequests) as raised:
            client.create_tweet(text="second")
        assert raised.value.reset_time is not None
        assert raised.value.response.headers["x-rate-limit-remaining"] == "0"
        assert sandbox.log.counts() == {"x_post": 1}


def test_lists_show_links_shortened_and_signs_as_html_with_what_they_stand_for(
    client: tweepy.Client,
) -> None:
    text = "Tea & cake 🌱 https://shop.example.com/spring?a=1&b=2"
    posted = client.create_tweet(text=text).data["id"]
    me = client.get_me().data
    listed = client.get_users_tweets(
        me.id, max_results=5, tweet_fields=["entities", "created_at"], user_auth=True
    ).data
    (shown,) = [t for t in listed if str(t.id) == posted]
    (link,) = shown.entities["urls"]
    assert shown.text == f"Tea &amp; cake 🌱 {link['url']}"
    assert link["url"].startswith("https://t.co/")
    assert link["expanded_url"] == "https://shop.example.com/spring?a=1&b=2"
    assert shown.text[link["start"] : link["end"]] == link["url"]


def test_a_conversation_shows_what_we_sent_newest_first_and_in_pages(
    client: tweepy.Client, sandbox: SandboxProcess
) -> None:
    control(sandbox.url, "POST", "x/users", [{"username": "demo_paged"}])
    person = _id(client, "demo_paged")
    for text in ("one", "two", "three"):
        client.create_direct_message(participant_id=person, text=text)
    me = client.get_me().data
    first = client.get_direct_message_events(
        participant_id=person, max_results=2, dm_event_fields=["sender_id", "created_at"]
    )
    rest = client.get_direct_message_events(
        participant_id=person, max_results=2, pagination_token=first.meta["next_token"]
    )
    assert [e.text for e in [*first.data, *rest.data]] == ["three", "two", "one"]
    assert {str(e.sender_id) for e in first.data} == {str(me.id)}
    assert "next_token" not in rest.meta


def test_a_list_refuses_what_x_refuses(client: tweepy.Client) -> None:
    me = client.get_me().data
    for wrong in ({"max_results": 4}, {"start_time": "yesterday"}, {"pagination_token": "~"}):
        with pytest.raises(tweepy.BadRequest):
            client.get_users_tweets(me.id, user_auth=True, **wrong)
