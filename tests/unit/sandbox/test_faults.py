"""Which requests are struck."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from campaigns.errors import FileError, UserError
from campaigns.sandbox.faults import FaultBook


def _book(*rules: dict[str, Any]) -> FaultBook:
    book = FaultBook()
    book.add(list(rules))
    return book


def _struck(book: FaultBook, *deliveries: str, provider: str = "twilio") -> set[str]:
    return {d for d in deliveries if book.strike(provider, sends=True, struck=[(d, None)])}


_MANY = tuple(map(str, range(2000)))


def test_the_same_seed_strikes_the_same_deliveries_in_whatever_order_they_come() -> None:
    rule = {"kind": "hang", "rate": 0.3, "seed": 7}
    assert _struck(_book(rule), *_MANY) == _struck(_book(rule), *reversed(_MANY))


def test_another_seed_strikes_others() -> None:
    first, second = ({"kind": "hang", "rate": 0.3, "seed": s} for s in (1, 2))
    assert _struck(_book(first), *_MANY) != _struck(_book(second), *_MANY)


def test_about_as_many_are_struck_as_the_rate_says() -> None:
    struck = _struck(_book({"kind": "hang", "rate": 0.3}), *_MANY)
    assert 500 < len(struck) < 700


def test_a_retry_gets_a_new_throw_of_the_dice() -> None:
    book = _book({"kind": "429", "rate": 0.5})
    throws = [bool(_struck(book, "one")) for _ in range(40)]
    assert {True, False} == set(throws)


def test_a_rule_ends_after_its_count_and_begins_after_its_skip() -> None:
    book = _book({"kind": "hang", "skip": 1, "count": 2})
    assert _struck(book, "a", "b", "c", "d") == {"b", "c"}
    assert book.describe()[0]["fired"] == 2


def test_a_rule_strikes_only_its_vendor_and_its_recipients() -> None:
    book = _book({"kind": "hang", "provider": "x", "to": ["demo_ana"]})
    assert book.strike("twilio", sends=True, struck=[(None, "demo_ana")]) is None
    assert book.strike("x", sends=True, struck=[(None, "demo_tom")]) is None
    assert book.strike("x", sends=True, struck=[(None, "demo_ana")]) is not None


def test_requests_that_send_nothing_are_left_alone_unless_the_rule_says_any() -> None:
    assert _book({"kind": "hang"}).strike("x", sends=False, struck=[]) is None
    assert _book({"kind": "hang", "on": "any"}).strike("x", sends=False, struck=[]) is not None


def test_cleared_rules_strike_no_more() -> None:
    book = _book({"kind": "hang"})
    book.clear()
    assert not _struck(book, "a")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"kind": "explode"}, "unknown kind 'explode'"),
        ({"kind": "hang", "rat": 1}, "unknown key 'rat'"),
        ({"kind": "hang", "rate": 2}, "rate in a fault: Input should be less"),
        ({"kind": "hang", "provider": "mailgun"}, "provider in a fault: Input should be"),
        ({"kind": "hang", "on": "never"}, "on in a fault: Input should be 'send' or 'any'"),
        ("hang", "JSON object"),
    ],
)
def test_a_wrong_rule_is_refused_and_named(rule: Any, words: str) -> None:
    with pytest.raises(UserError, match=words):
        FaultBook().add(rule)


def test_one_wrong_rule_in_a_list_keeps_all_out() -> None:
    book = FaultBook()
    with pytest.raises(UserError):
        book.add([{"kind": "hang"}, {"kind": "explode"}])
    assert not book.rules


def test_a_faults_file_that_is_wrong_names_the_file_and_the_line(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text('[\n{"kind": hang}]')
    with pytest.raises(FileError, match=r"faults\.json:2: not JSON"):
        FaultBook().load(path)
    path.write_bytes(orjson.dumps([{"kind": "explode"}]))
    with pytest.raises(FileError, match="unknown kind"):
        FaultBook().load(path)
    with pytest.raises(FileError, match="cannot be read"):
        FaultBook().load(tmp_path / "none.json")
