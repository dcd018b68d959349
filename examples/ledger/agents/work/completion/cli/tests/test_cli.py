"""The command line does what a shop needs, and refuses with reasons."""

import runpy
import sys
from pathlib import Path

import pytest

from ledger.cli import check, main
from ledger.money import Money
from ledger.storage import load

Said = tuple[int, str, str]


class Shell:
    """Runs commands on one book; every command gives its exit code and what it said."""

    def __init__(self, book: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.book = book
        self._capsys = capsys

    def __call__(self, name: str, *arguments: str) -> Said:
        code = main([name, str(self.book), *arguments])
        said = self._capsys.readouterr()
        return code, said.out.rstrip("\n"), said.err.rstrip("\n")

    def sale(self, day: str = "2024-03-01", amount: str = "5.00", *arguments: str) -> Said:
        lines = (f"1000={amount}", f"4000=-{amount}")
        return self("post", "--date", day, "--text", "Sale", *lines, *arguments)


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    shell = Shell(tmp_path / "shop.jsonl", capsys)
    assert shell("init") == (0, f"{shell.book}: a new book in EUR", "")
    return shell


def test_posts_an_entry_and_says_its_number(shop: Shell) -> None:
    """R-028"""
    assert shop.sale(amount="1234.50") == (0, "entry 1: 1,234.50 EUR", "")
    assert load(shop.book).book.balance("1000") == Money(123450, "EUR")


def test_a_refused_entry_leaves_the_file_alone(shop: Shell) -> None:
    """R-028, R-011: exit code 1, the reason on standard error."""
    before = shop.book.read_bytes()
    said = shop("post", "--date", "2024-03-01", "--text", "Sale", "1000=5.00", "4000=-4.00")
    assert said == (1, "", "ledger: debits and credits differ by 1.00 EUR")
    assert shop.book.read_bytes() == before


def test_every_reason_is_a_line_of_its_own(shop: Shell) -> None:
    """R-028, R-009"""
    code, _, reasons = shop("post", "--date", "2024-03-01", "--text", " ", "1000=5.00")
    assert code == 1
    assert reasons.split("\n") == [
        "ledger: the entry has no text",
        "ledger: an entry has at least two lines, this one has 1",
        "ledger: debits and credits differ by 5.00 EUR",
    ]


def test_a_line_needs_an_account_and_an_amount(shop: Shell) -> None:
    """R-028"""
    assert "'1000' is not a line" in shop("post", "--date", "2024-03-01", "--text", "Sale", "1000", "4000=1")[2]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["post", "b", "--text", "Sale", "1000=1"],
        ["lock", "b", "--through", "today"],
        ["add-account", "b", "1", "X", "treasure"],
    ],
)
def test_a_command_that_is_not_understood_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """R-028: and shows how it is used."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: ledger" in capsys.readouterr().err


def test_a_missing_book_is_a_refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R-028: not a traceback."""
    code, _, reason = Shell(tmp_path / "none.jsonl", capsys)("check")
    assert code == 1
    assert reason == f"ledger: {tmp_path / 'none.jsonl'}: No such file or directory"


def test_adds_and_lists_accounts(shop: Shell) -> None:
    """R-005, R-028"""
    assert shop("add-account", "1010", "Till", "asset") == (0, "account 1010: Till", "")
    assert "1010  Till                asset" in shop("accounts")[1].split("\n")
    assert shop("add-account", "1010", "Till", "asset") == (1, "", "ledger: account 1010 exists already: Till")


def test_a_reference_is_used_once(shop: Shell) -> None:
    """R-015, R-028"""
    assert shop.sale("2024-03-01", "5.00", "--reference", "S-1")[0] == 0
    assert shop.sale("2024-03-02", "6.00", "--reference", "S-1")[2] == "ledger: the reference 'S-1' is used already"


def test_reverses_an_entry(shop: Shell) -> None:
    """R-013, R-028"""
    shop.sale()
    assert shop("reverse", "1", "--date", "2024-03-02") == (0, "entry 2 reverses entry 1", "")
    assert shop("reverse", "1", "--date", "2024-03-02")[0] == 1


def test_locks_a_period(shop: Shell) -> None:
    """R-014, R-028: the lock is in the file."""
    assert shop("lock", "--through", "2024-03-31") == (0, "locked through 2024-03-31", "")
    assert shop.sale("2024-03-31")[0] == 1
    assert shop.sale("2024-04-01")[0] == 0


def test_closes_a_year(shop: Shell) -> None:
    """R-017, R-028"""
    shop.sale()
    assert shop("close", "--on", "2024-12-31") == (0, "entry 2 closes the year to 2024-12-31 into 3900", "")
    period = ("--from", "2024-01-01", "--to", "2024-12-31")
    assert shop("income-statement", *period)[1].split("\n")[-1].split() == ["Profit", "5.00"]
    assert "3900  Retained earnings" in shop("balance-sheet")[1]


def test_exports_what_another_book_imports(shop: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R-022, R-028"""
    shop.sale("2024-03-01", "5.00", "--reference", "S-1")
    shop("post", "--date", "2024-03-02", "--text", "Old\rMac", "1000=7.00", "4000=-7.00")
    file = str(tmp_path / "entries.csv")
    assert shop("export", file) == (0, "2 entries exported", "")
    other = Shell(tmp_path / "other.jsonl", capsys)
    other("init")
    assert other("import", file) == (0, "2 entries imported", "")
    assert load(other.book).book.posted == load(shop.book).book.posted


def test_imports_nothing_from_a_file_with_a_problem(shop: Shell, tmp_path: Path) -> None:
    """R-023, R-028: problems of the file and misfits with the book alike."""
    file = tmp_path / "bad.csv"
    good = "1,2024-03-01,Sale,1000,5.00,\n1,2024-03-01,Sale,4000,,5.00\n"
    file.write_text("entry,date,text,account,debit,credit\n" + good + "2,2024-03-01,Sale,1000,5.00,\n")
    assert "ledger: line 4: debits and credits differ by 5.00 EUR" in shop("import", str(file))[2]
    file.write_text("entry,date,text,account,debit,credit\n" + good + good.replace("1,", "2,", 1).replace("1000", "8"))
    assert shop("import", str(file))[0] == 1
    assert load(shop.book).book.posted == ()


def test_a_file_in_another_encoding_is_refused(shop: Shell, tmp_path: Path) -> None:
    """R-023, R-028: no guessing of what a byte above 127 may have meant."""
    file = tmp_path / "latin.csv"
    file.write_bytes("entry,date,text,account,debit,credit\n1,2024-03-01,Café,1000,5.00,\n".encode("latin-1"))
    assert shop("import", str(file)) == (1, "", f"ledger: {file} is not a text in UTF-8: save it as CSV UTF-8")


def test_shows_balances_and_statements_of_a_day(shop: Shell) -> None:
    """R-016, R-019, R-028"""
    shop.sale("2024-03-01", "5.00")
    shop.sale("2024-03-02", "7.00")
    assert shop("trial-balance", "--as-of", "2024-03-01")[1].split("\n")[-1].split() == ["Total", "5.00", "5.00"]
    rows = shop("statement", "1000", "--from", "2024-03-02", "--to", "2024-03-02")[1].split("\n")[2:]
    assert rows == ["2024-03-02      2  Sale    7.00    12.00"]


def test_checks_a_book(shop: Shell) -> None:
    """R-018, R-028"""
    shop.sale()
    assert shop("check") == (0, "1 entries, debits and credits 5.00 EUR: balanced", "")


def test_a_check_of_an_unsound_book_fails(shop: Shell) -> None:
    """R-018, R-028: someone reached into the book."""
    shop.sale()
    book = load(shop.book).book
    book._balances["1000"] = Money(1, "EUR")  # noqa: SLF001
    assert check(book) == ("account 1000: the book says 0.01, its entries say 5.00", 1)


def test_refusals_cannot_steer_the_terminal(shop: Shell) -> None:
    """R-029: an escape sequence in a name is shown, not obeyed."""
    assert shop("add-account", "1010", "Till\x1b[2J", "asset")[1] == "account 1010: Till\N{REPLACEMENT CHARACTER}[2J"
    reason = shop("add-account", "1010", "Till", "asset")[2]
    assert reason == "ledger: account 1010 exists already: Till\N{REPLACEMENT CHARACTER}[2J"


def test_runs_as_a_module(shop: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """R-028: `python -m ledger` is the same command line."""
    monkeypatch.setattr(sys, "argv", ["ledger", "check", str(shop.book)])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("ledger", run_name="__main__")
    assert caught.value.code == 0
    assert "0 entries" in capsys.readouterr().out
