"""CSV files as people really have them."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from campaigns.domain.intake import BlankRow, CustomerRow, RefusedRow
from campaigns.errors import FileError, UserError
from tests.files import NOW, Folder

MAPPING = "fields: {email: email, first_name: name}\n"


def names(folder: Folder, content: str | bytes, *, encoding: str | None = None) -> list[str | None]:
    """First names of the rows that go in."""
    rows = folder.rows(content, MAPPING, encoding=encoding)
    return [r.stated.first_name for r in rows if isinstance(r, CustomerRow)]


def refusals(folder: Folder, content: str) -> list[tuple[int, str]]:
    """Line and reason of the rows that do not go in."""
    return [(r.line, r.reason) for r in folder.rows(content, MAPPING) if isinstance(r, RefusedRow)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(folder: Folder, delimiter: str) -> None:
    content = f"email{delimiter}name\nana@example.com{delimiter}Ana\n"
    assert names(folder, content) == ["Ana"]


def test_a_delimiter_inside_a_quoted_header_does_not_count(folder: Folder) -> None:
    assert names(folder, '"a,b,c,d";email;name\nx;ana@example.com;Ana\n') == ["Ana"]


def test_a_byte_order_mark_is_dropped(folder: Folder) -> None:
    assert names(folder, b"\xef\xbb\xbfemail,name\nana@example.com,Ana\n") == ["Ana"]


def test_excels_sep_line_is_obeyed_and_no_header(folder: Folder) -> None:
    assert names(folder, "sep=|\r\nemail|name\r\nana@example.com|A;n,a\r\n") == ["A;n,a"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(folder: Folder, end: str) -> None:
    assert names(folder, f"email,name{end}a@example.com,Ana{end}b@example.com,Bo{end}") == [
        "Ana",
        "Bo",
    ]


def test_a_quoted_cell_may_have_line_breaks_and_later_rows_keep_their_lines(
    folder: Folder,
) -> None:
    content = 'email,name\na@example.com,"Ana\nMaria"\nbroken,Bo\n'
    first, second = folder.rows(content, MAPPING)
    assert isinstance(first, CustomerRow)
    assert (first.line, first.stated.first_name) == (2, "Ana Maria")
    assert isinstance(second, RefusedRow)
    assert second.line == 4


def test_rows_with_too_few_or_too_many_cells_are_refused(folder: Folder) -> None:
    content = "email,name\na@example.com\nb@example.com,Bo,x\nc@example.com,Cai\n"
    assert refusals(folder, content) == [
        (2, "the row has 1 cells where the header has 2"),
        (3, "the row has 3 cells where the header has 2"),
    ]
    assert names(folder, content) == ["Cai"]


def test_blank_cells_after_the_last_column_do_no_harm(folder: Folder) -> None:
    assert names(folder, "email,name\na@example.com,Ana,,\n") == ["Ana"]


def test_blank_rows_are_told_apart_from_refused_ones(folder: Folder) -> None:
    rows = folder.rows("email,name\n\na@example.com,Ana\n , \n", MAPPING)
    assert [type(r) for r in rows] == [BlankRow, CustomerRow, BlankRow]


def test_a_million_character_cell_is_refused_and_the_rest_goes_in(folder: Folder) -> None:
    content = f"email,name\na@example.com,{'x' * 1_000_000}\nb@example.com,Bo\n"
    assert refusals(folder, content) == [(2, "cell 2 is longer than 100,000 characters")]
    assert names(folder, content) == ["Bo"]


def test_a_quoted_million_character_cell_of_many_lines_is_one_refused_row(folder: Folder) -> None:
    content = 'email,name\na@example.com,"' + "some note\n" * 100_000 + '"\nb@example.com,Bo\n'
    assert refusals(folder, content) == [(2, "cell 2 is longer than 100,000 characters")]
    assert names(folder, content) == ["Bo"]


def test_a_cell_just_within_the_limit_is_no_reason_to_refuse_by_itself(folder: Folder) -> None:
    content = f"email,name,note\na@example.com,Ana,{'x' * 100_000}\n"
    assert names(folder, content) == ["Ana"]


def test_a_quote_that_is_never_closed_costs_only_its_own_row(folder: Folder) -> None:
    rows = "".join(f"c{n}@example.com,Cai\n" for n in range(50))
    content = f'email,name\na@example.com,"Ana\n{rows}'
    assert refusals(folder, content) == [(2, "a quote is opened and never closed")]
    assert len(names(folder, content)) == 50


def test_a_quote_never_closed_in_a_long_file_costs_only_its_own_row(folder: Folder) -> None:
    rows = "".join(f"c{n}@example.com,Cai\n" for n in range(20_000))
    content = f'email,name\na@example.com,"Ana\n{rows}'
    assert refusals(folder, content) == [(2, "a quote is opened and never closed")]
    assert len(names(folder, content)) == 20_000


def test_a_broken_quote_costs_only_its_own_row(folder: Folder) -> None:
    content = 'email,name\na@example.com,"Ana" x\nb@example.com,"Bo"\n'
    assert [line for line, _ in refusals(folder, content)] == [2]
    assert names(folder, content) == ["Bo"]


def test_a_quote_opened_before_quoted_rows_costs_only_its_own_row(folder: Folder) -> None:
    content = 'email,name\na@example.com,"Ana\nb@example.com,"Bo"\nc@example.com,"Cai"\n'
    assert [line for line, _ in refusals(folder, content)] == [2]
    assert names(folder, content) == ["Bo", "Cai"]


def test_a_line_without_end_does_not_fill_the_memory(folder: Folder) -> None:
    content = f"email,name\n{'x' * 9_000_000}\nb@example.com,Bo\n"
    assert refusals(folder, content) == [(2, "the line is longer than 4,000,000 characters")]
    assert names(folder, content) == ["Bo"]


def test_an_empty_file_says_so(folder: Folder) -> None:
    with pytest.raises(FileError, match=r"customers\.csv: the file is empty"):
        folder.opened("", MAPPING)


def test_a_file_of_blank_lines_says_it_is_empty(folder: Folder) -> None:
    with pytest.raises(FileError, match="the file is empty"):
        folder.opened("\n\n\n", MAPPING)


def test_a_file_that_is_not_there_says_so(folder: Folder) -> None:
    from campaigns.sources.customer_file import open_customer_file

    with pytest.raises(FileError, match="there is no such file"):
        open_customer_file(folder.path / "nothing.csv")


def test_latin_1_is_named_with_its_line_and_the_way_out(folder: Folder) -> None:
    content = "email,name\na@example.com,Ana\nb@example.com,Begoña\n".encode("latin-1")
    with pytest.raises(FileError, match=r"customers\.csv:3: this is not UTF-8.*--encoding latin-1"):
        folder.opened(content, MAPPING)


def test_latin_1_late_in_a_large_file_is_found_before_the_first_row_goes_in(
    folder: Folder,
) -> None:
    lines = [f"c{n}@example.com,Cai".encode() for n in range(100_000)]
    content = b"email,name\n" + b"\n".join([*lines, "b@example.com,Bego\xf1a".encode("latin-1")])
    with pytest.raises(FileError, match=r"customers\.csv:100002: "):
        folder.opened(content, MAPPING)


def test_latin_1_is_read_when_it_is_named(folder: Folder) -> None:
    content = "email,name\nb@example.com,Begoña\n".encode("latin-1")
    assert names(folder, content, encoding="latin-1") == ["Begoña"]


def test_utf_16_is_named_and_read_when_it_is_asked_for(folder: Folder) -> None:
    content = "email\tname\nb@example.com\tBegoña\n".encode("utf-16")
    with pytest.raises(FileError, match="--encoding utf-16"):
        folder.opened(content, MAPPING)
    assert names(folder, content, encoding="utf-16") == ["Begoña"]


def test_an_unknown_encoding_is_refused(folder: Folder) -> None:
    with pytest.raises(UserError, match="--encoding klingon is not known"):
        folder.opened("email,name\n", MAPPING, encoding="klingon")


def test_a_zip_or_workbook_says_what_to_do(folder: Folder) -> None:
    with pytest.raises(FileError, match="zip archive or an Excel workbook"):
        folder.opened(b"PK\x03\x04rest", MAPPING)


def test_a_file_without_header_says_so(folder: Folder) -> None:
    """And does not repeat the cell: the message also stands on Prefect's pages."""
    with pytest.raises(FileError, match="there is no header row: cell 2") as told:
        folder.opened("Ana,ana@example.com\nBo,bo@example.com\n")
    assert "ana@example.com" not in str(told.value)


def test_a_file_without_header_says_so_under_a_mapping_too(folder: Folder) -> None:
    with pytest.raises(FileError, match="there is no header row"):
        folder.opened("ana@example.com,Ana\nbo@example.com,Bo\n", MAPPING)


def test_repeated_and_blank_headers_are_told_apart(folder: Folder) -> None:
    content = ",name,email,,name,Name\nx,Ana,a@example.com,y,Bo,Cai\n"
    assert names(folder, content) == ["Ana"]
    opened = folder.opened(content, "fields: {email: email, first_name: name (3)}\n")
    (row,) = opened.rows(NOW)
    assert isinstance(row, CustomerRow)
    assert row.stated.first_name == "Cai"
    assert opened.repeated == ("name",)


@pytest.mark.parametrize("seed", range(20))
def test_any_bytes_are_read_or_refused_in_plain_words(folder: Folder, seed: int) -> None:
    """Nothing but FileError leaves the reader, whatever the file holds."""
    chance = random.Random(seed)
    pieces = [
        b'"',
        b",",
        b"\n",
        b"\r",
        b"\0",
        b"email",
        b"name",
        b"a@example.com",
        b"\xff",
        b"x" * 200,
    ]
    content = b"email,name\n" + b"".join(chance.choices(pieces, k=400))
    try:
        rows = folder.rows(content.replace(b"\xff", b"") if seed % 2 else content, MAPPING)
    except FileError:
        return
    assert all(r.line >= 2 for r in rows)


def test_memory_does_not_grow_with_the_file(folder: Folder) -> None:
    def peak(rows: int) -> int:
        body = "".join(f"c{n}@example.com,Cai {n}\n" for n in range(rows))
        opened = folder.opened(f"email,name\n{body}", MAPPING)
        tracemalloc.start()
        assert sum(1 for _ in opened.rows(NOW)) == rows
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    small = peak(1_000)
    assert peak(10_000) < small + 200_000
