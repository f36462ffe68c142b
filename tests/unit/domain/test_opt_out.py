"""What replies ask for, from a labelled table: replies.csv."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.folding import fold, own_words
from campaigns.domain.opt_out import Wish, read_reply

_TABLE = Path(__file__).with_name("replies.csv")
with _TABLE.open(encoding="utf-8", newline="") as _file:
    ROWS = [(row["text"], Wish(row["wish"]), row["everywhere"] == "yes")
            for row in csv.DictReader(_file, delimiter=";")]  # fmt: skip
NOES = [text for text, wish, _ in ROWS if wish is Wish.OPT_OUT]


@pytest.mark.parametrize(("text", "wish", "everywhere"), ROWS, ids=[r[0][:40] for r in ROWS])
def test_a_reply_is_read_as_what_it_asks_for(text: str, wish: Wish, everywhere: bool) -> None:
    read = read_reply(text)
    assert (read.wish, read.everywhere) == (wish, everywhere)


def test_the_table_has_two_hundred_opt_outs_and_every_other_wish() -> None:
    counted = Counter(wish for _, wish, _ in ROWS)
    assert counted[Wish.OPT_OUT] >= 200
    assert set(counted) == set(Wish)


@given(
    st.sampled_from(NOES),
    st.sampled_from([str.upper, str.lower, str.title, str.swapcase, str.capitalize]),
    st.sampled_from(["", " ", "!", " 🙏", "...", "\n", " thanks", "\n\nSent from my iPhone"]),
)
def test_no_spelling_turns_a_no_into_something_else(text: str, case: object, after: str) -> None:
    assert callable(case)
    assert read_reply(case(text) + after).wish in (Wish.OPT_OUT, Wish.UNCLEAR)


@given(st.text(max_size=300))
def test_any_text_at_all_is_read(text: str) -> None:
    assert read_reply(text, subject=text).wish in Wish
    assert fold(text) == fold(text.upper().lower()) or not text.isascii()


@pytest.mark.parametrize(
    ("subject", "text", "wish"),
    [
        ("unsubscribe", "", Wish.OPT_OUT),
        ("Re: BAJA", "\n--\nAna", Wish.OPT_OUT),
        ("Baixa", "Gràcies", Wish.OPT_OUT),
        ("Re: Stop paying more: the sale begins", "Do you open on Sunday?", Wish.OTHER),
        ("Out of office: Re: Sale", "No more until Monday", Wish.AUTOMATIC),
    ],
)
def test_a_mails_subject_counts_where_it_says_no(subject: str, text: str, wish: Wish) -> None:
    assert read_reply(text, subject=subject).wish is wish


@pytest.mark.parametrize(
    ("subject", "text", "everywhere"),
    [
        ("Re: 20% off everything until 31 March", "Stop", False),
        ("RE: 20 % de descuento en todo", "Baja, por favor", False),
        ("Stop all", "Stop", True),
        ("Re: stop all", "", True),
        ("Re: stop all", "Stop", True),
        ("Re: Sale", "Stop all", True),
    ],
)
def test_our_own_subject_does_not_widen_what_a_reply_asks_for(
    subject: str, text: str, everywhere: bool
) -> None:
    read = read_reply(text, subject=subject)
    assert (read.wish, read.everywhere) == (Wish.OPT_OUT, everywhere)


def test_what_a_machine_wrote_asks_for_nothing() -> None:
    assert read_reply("STOP", automatic=True).wish is Wish.AUTOMATIC


def test_only_the_persons_own_words_are_kept() -> None:
    mail = "> Sale!\n> Unsubscribe\n\nDo you open on Sunday?\n\n-- \nAna Example\nUnsubscribe"
    assert own_words(mail) == "Do you open on Sunday?"


def test_reading_stays_quick_on_long_and_nasty_texts() -> None:
    import time

    nasty = ["no " * 2_000, "stop all the your " * 300, "a" * 10_000, "> " * 5_000, "on " * 3_000]
    began = time.process_time()
    for text in nasty:
        read_reply(text)
    assert time.process_time() - began < 1
