"""`campaigns import`: from a file on disk to profiles, as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from campaigns.cli import run as cli

TEMPLATES = Path(__file__).parents[2] / "templates"
SHOPIFY = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Phone,Accepts SMS Marketing\n"
    "'721,Ana,Puig,ana@example.com,yes,'+34600000001,no\n"
)


class Person:
    """Someone at a command line in a folder of their own."""

    def __init__(self, folder: Path, captured: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._captured = captured

    def file(self, content: str | bytes, name: str = "customers.csv") -> str:
        """A file in the folder, by its path."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def run(self, *words: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        code = cli(words)
        said = self._captured.readouterr()
        return code, said.out, said.err

    def json(self, *words: str) -> Any:
        """What a command that succeeds prints for programs."""
        code, out, err = self.run(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    def fails(self, *words: str) -> str:
        """What a command says that fails by the user's mistake; nobody has been imported."""
        code, out, err = self.run(*words)
        assert code == 2, out + err
        assert "Traceback" not in err
        assert self.run("export", "--all")[1] == ""
        return " ".join(err.split())


@pytest.fixture
def person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Person:
    monkeypatch.setenv("CAMPAIGNS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(TEMPLATES))
    monkeypatch.delenv("CAMPAIGNS_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return Person(tmp_path, capsys)


def test_made_up_customers_come_in_by_their_mapping_and_again_change_nothing(
    person: Person,
) -> None:
    assert person.run("sample", "--count", "300")[0] == 0
    words = ("import", "customers.csv", "--mapping", "customers.mapping.yaml")
    first = person.json(*words)
    assert (first["rows"], first["created"], first["refused"]) == (300, 300, 0)
    again = person.json(*words)
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 300)
    assert person.json("show", "customer", "S0000001")["ref"] == "S0000001"


def test_a_recognised_export_needs_no_mapping(person: Person) -> None:
    report = person.json("import", person.file(SHOPIFY))
    assert (report["taken_for"], report["created"]) == ("Shopify customers", 1)
    assert report["consents"] == {"granted": 1, "denied": 1, "kept_opt_out": 0}
    shown = person.json("show", "customer", "ana@example.com")
    assert shown["ref"] == "shopify:721"
    assert {a["address"] for a in shown["addresses"]} == {"ana@example.com", "+34600000001"}


def test_a_mailchimp_audience_comes_in_from_its_three_files(person: Person) -> None:
    head = "Email Address,First Name,OPTIN_TIME"
    person.run(
        "import",
        person.file(f"{head}\na@example.com,Ana,2024-01-01 00:00:00\nb@example.com,Bo,\n"),
    )
    person.run(
        "import",
        person.file(f"{head},UNSUB_TIME\nb@example.com,Bo,,2024-02-01 00:00:00\n", "un.csv"),
    )
    person.run(
        "import",
        person.file(f"{head},CLEAN_TIME\nc@example.com,Cai,,2024-02-01 00:00:00\n", "clean.csv"),
    )
    stands = {
        who: [s["granted"] for s in person.json("show", "customer", who)["standings"]]
        for who in ("a@example.com", "b@example.com", "c@example.com")
    }
    assert stands == {"a@example.com": [True], "b@example.com": [False], "c@example.com": []}
    (address,) = person.json("show", "customer", "c@example.com")["addresses"]
    assert address["suppression"]["purpose"] == "all"


def test_parquet_comes_in_like_csv(person: Person) -> None:
    pq.write_table(
        pa.table({"Email": ["ana@example.com"], "Name": ["Ana"]}),
        person.folder / "customers.parquet",
    )
    assert person.json("import", "customers.parquet")["created"] == 1


def test_bad_rows_stay_out_with_line_and_reason_and_the_counts_add_up(person: Person) -> None:
    giant = "x" * 1_000_000
    file = person.file(
        f"Email,Name\nana@example.com,Ana\nbroken,Bo\ncai@example.com,{giant}\n\ndan@example.com\n"
        "eva@example.com,Eva\n"
    )
    report = person.json("import", file)
    assert (report["rows"], report["created"], report["refused"]) == (5, 2, 3)
    assert report["blank"] == 1
    told = Path(report["report"]).read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in told[1:]] == [
        ["3", "row refused"],
        ["4", "row refused"],
        ["6", "row refused"],
    ]
    assert "100,000 characters" in told[2]
    code, out, _ = person.run("import", file)
    assert code == 0
    assert report["report"].rpartition("/")[2][:9] in out.replace("\n", "")


def test_a_byte_order_mark_does_no_harm(person: Person) -> None:
    report = person.json("import", person.file(b"\xef\xbb\xbf" + SHOPIFY.encode()))
    assert report["created"] == 1


def test_latin_1_is_told_with_its_line_and_read_when_named(person: Person) -> None:
    file = person.file("Email,Name\nana@example.com,Begoña\n".encode("latin-1"))
    told = person.fails("import", file)
    assert "customers.csv:2: this is not UTF-8" in told
    assert "--encoding latin-1" in told
    assert person.json("import", file, "--encoding", "latin-1")["created"] == 1
    assert person.json("show", "customer", "ana@example.com")["first_name"] == "Begoña"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "the file is empty"),
        ("ana@example.com,Ana\nbo@example.com,Bo\n", "there is no header row"),
        ("colour,size\nred,L\n", "Found: colour, size."),
        ("Name,Email,Segment\nAna,ana@example.com,A\n", "Nearest: a plain list of contacts"),
        ("Campaign Name,Campaign ID,Total Recipients\nx,1,2\n", "campaigns, not customers"),
        (b"PK\x03\x04...", "zip archive or an Excel workbook"),
        (b"\xff\xfee\x00m\x00", "--encoding utf-16"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_error_and_imports_nobody(
    person: Person, content: str | bytes, told: str
) -> None:
    said = person.fails("import", person.file(content))
    assert told in said
    assert "customers.csv" in said


def test_a_wrong_mapping_is_told_with_file_and_line_and_imports_nobody(person: Person) -> None:
    mapping = person.file("fields:\n  email: Email\n  frist_name: Name\n", "crm.yaml")
    said = person.fails(
        "import", person.file("Email,Name\na@example.com,A\n"), "--mapping", mapping
    )
    assert "crm.yaml:3:" in said
    assert "first_name" in said


def test_a_missing_file_is_told(person: Person) -> None:
    assert "there is no such file" in person.fails("import", "nothing.csv")


def test_personal_data_stays_out_of_what_is_printed(person: Person) -> None:
    file = person.file("Email,Name\ncanary-1@example.com,Canary\ncanary-2-broken,Canary\n")
    code, out, err = person.run("import", file)
    assert code == 0
    assert "canary-" not in out + err
