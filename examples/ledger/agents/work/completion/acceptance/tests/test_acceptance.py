"""The scenarios of docs/scenarios.md, played on the command line."""

import re
from pathlib import Path

import pytest

from ledger import Entry, StorageError, load, save
from ledger.cli import main

SCENARIOS = Path(__file__).resolve().parents[1] / "docs" / "scenarios.md"


class Shop:
    """A book in a folder, and the commands on it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.book = folder / "shop.jsonl"
        self._capsys = capsys
        self.does("init")

    def does(self, name: str, *arguments: str) -> str:
        """What a command says that must succeed."""
        code = main([name, str(self.book), *arguments])
        said = self._capsys.readouterr()
        assert code == 0, said.err
        return said.out

    def refuses(self, name: str, *arguments: str) -> str:
        """The reasons of a command that must be refused, and must show nothing else."""
        code = main([name, str(self.book), *arguments])
        said = self._capsys.readouterr()
        assert (code, said.out) == (1, "")
        return said.err

    def rows(self, name: str, *arguments: str) -> list[str]:
        """The rows of a report, every run of spaces as one."""
        return [" ".join(row.split()) for row in self.does(name, *arguments).splitlines()]


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(tmp_path, capsys)


def entry(day: str, text: str, *lines: str) -> list[str]:
    return ["--date", day, "--text", text, *lines]


def test_a_01_the_first_day(shop: Shop) -> None:
    """A-01 (R-007, R-008, R-019, R-028)"""
    shop.does("post", *entry("2024-01-01", "Capital", "1100=2,000.00", "3000=-2,000.00"))
    shop.does("post", *entry("2024-01-01", "Goods", "1000=119.00", "4000=-100.00", "2100=-19.00"))
    rows = shop.rows("trial-balance")
    assert {"1000 Cash 119.00", "1100 Bank 2,000.00", "2100 Sales tax 19.00", "4000 Sales 100.00"} <= set(rows)
    assert rows[-1] == "Total 2,119.00 2,119.00"


def test_a_02_a_slip_of_the_hand(shop: Shop) -> None:
    """A-02 (R-008, R-011, R-028)"""
    shop.does("post", *entry("2024-01-01", "Tea", "1000=3.20", "4000=-3.20"))
    before = shop.book.read_bytes()
    assert "differ by 0.01 EUR" in shop.refuses("post", *entry("2024-01-01", "Tea", "1000=3.20", "4000=-3.19"))
    assert shop.book.read_bytes() == before
    assert shop.does("post", *entry("2024-01-01", "Tea", "1000=3.20", "4000=-3.20")).startswith("entry 2:")


def test_a_03_wrong_account(shop: Shop, tmp_path: Path) -> None:
    """A-03 (R-013, R-022)"""
    shop.does("post", *entry("2024-01-01", "Tea", "1000=3.20", "4900=-3.20"))
    shop.does("reverse", "1", "--date", "2024-01-02")
    shop.does("post", *entry("2024-01-02", "Tea", "1000=3.20", "4000=-3.20"))
    rows = shop.rows("trial-balance")
    assert {"4900 Other income", "4000 Sales 3.20"} <= set(rows)
    assert shop.does("export", str(tmp_path / "all.csv")) == "3 entries exported\n"


def test_a_04_the_month_is_filed(shop: Shop) -> None:
    """A-04 (R-014)"""
    shop.does("lock", "--through", "2024-01-31")
    assert "2024-01-31 is locked" in shop.refuses("post", *entry("2024-01-31", "Tea", "1000=3.20", "4000=-3.20"))
    shop.does("post", *entry("2024-02-01", "Tea", "1000=3.20", "4000=-3.20"))


def test_a_05_a_month_from_a_spreadsheet(shop: Shop, tmp_path: Path) -> None:
    """A-05 (R-012, R-023)"""
    file = tmp_path / "month.csv"
    rows = ["entry,date,text,account,debit,credit"]
    for number in (1, 2, 3):
        rows += [f"{number},2024-01-0{number},Tea,1000,3.20,", f"{number},2024-01-0{number},Tea,4000,,3.20"]
    broken = [*rows[:4], "2,2024-01-02,Tea,4000,,3.30", *rows[5:]]
    file.write_text("\n".join(broken), encoding="utf-8")
    assert shop.refuses("import", str(file)) == "ledger: line 4: debits and credits differ by -0.10 EUR\n"
    assert shop.does("check").startswith("0 entries")
    file.write_text("\n".join(rows), encoding="utf-8")
    assert shop.does("import", str(file)) == "3 entries imported\n"


def test_a_06_the_year_ends(shop: Shop) -> None:
    """A-06 (R-017, R-020, R-021)"""
    year = ("--from", "2024-01-01", "--to", "2024-12-31")
    shop.does("post", *entry("2024-06-01", "Sales", "1100=500.00", "4000=-500.00"))
    shop.does("post", *entry("2024-06-30", "Rent", "6000=200.00", "1100=-200.00"))
    before = shop.rows("balance-sheet")
    income = shop.rows("income-statement", *year)
    shop.does("close", "--on", "2024-12-31")
    after = shop.rows("balance-sheet")
    assert shop.rows("income-statement", *year) == income
    assert income[-1] == "Profit 300.00"
    assert "Profit not closed yet 300.00" in before
    assert "3900 Retained earnings 300.00" in after
    assert before[-1] == after[-1] == "Total liabilities, equity and profit 300.00"


def test_a_07_a_file_from_a_bad_disk(shop: Shop) -> None:
    """A-07 (R-026)"""
    shop.does("post", *entry("2024-01-01", "Tea", "1000=3.20", "4000=-3.20"))
    lines = shop.book.read_text(encoding="utf-8").splitlines(keepends=True)
    shop.book.write_text("".join(lines[:-1]), encoding="utf-8")
    for report in ("trial-balance", "balance-sheet", "check", "accounts"):
        assert "cut off or changed" in shop.refuses(report)


def test_a_08_two_windows(shop: Shop) -> None:
    """A-08 (R-027)"""
    first, second = load(shop.book), load(shop.book)
    shop.does("post", *entry("2024-01-01", "Tea", "1000=3.20", "4000=-3.20"))
    second.book.post(load(shop.book).book.posted[0].entry)
    with pytest.raises(StorageError, match="load it again"):
        save(second.book, shop.book, second.digest)
    kept: list[Entry] = [posted.entry for posted in load(shop.book).book.posted]
    assert [item.text for item in kept] == ["Tea"]
    assert first.book.posted == ()


def test_every_scenario_has_its_test() -> None:
    """The page and this file name the same scenarios."""
    documented = set(re.findall(r"^## (A-\d\d) ", SCENARIOS.read_text(encoding="utf-8"), re.MULTILINE))
    played = {(test.__doc__ or "")[:4] for name, test in globals().items() if name.startswith("test_a_")}
    assert documented == played
