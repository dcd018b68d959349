"""The command line: one command for each thing that a shop does with its book (R-028).

Exit codes: 0 done, 1 refused (every reason is on standard error), 2 the command was not understood.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ledger.accounts import Account, Kind, standard_chart
from ledger.errors import EntryError, FormatError, LedgerError
from ledger.interchange import read_csv, write_csv
from ledger.journal import Entry, Line, parse_date
from ledger.money import Money
from ledger.posting import Book
from ledger.reports import balance_sheet, income_statement, statement, trial_balance
from ledger.storage import load, save
from ledger.tables import printable
from ledger.views import accounts_text, balance_text, income_text, statement_text, trial_text

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code, except for a command line that argparse refuses with 2."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except LedgerError as error:
        return _refuse(*error.problems)
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}")


def check(book: Book) -> tuple[str, int]:
    """What an audit of a book says, and the exit code for it."""
    problems = book.audit()
    if problems:
        return "\n".join(problems), 1
    turnover = trial_balance(book).debit
    return f"{len(book.posted)} entries, debits and credits {turnover.grouped()} {book.currency}: balanced", 0


def _init(options: argparse.Namespace) -> int:
    save(Book(options.currency, standard_chart()), options.book)
    return _say(f"{options.book}: a new book in {options.currency}")


def _accounts(options: argparse.Namespace) -> int:
    return _say(accounts_text(load(options.book).book.chart))


def _add_account(options: argparse.Namespace) -> int:
    with _changing(options.book) as book:
        book.chart.add(Account(options.code, options.name, Kind(options.kind)))
    return _say(f"account {options.code}: {printable(options.name)}")


def _post(options: argparse.Namespace) -> int:
    with _changing(options.book) as book:
        lines = tuple(_line(text, book.currency) for text in options.lines)
        posted = book.post(Entry(options.date, options.text, lines, reference=options.reference))
    return _say(f"entry {posted.number}: {posted.entry.turnover.grouped()} {posted.entry.currency}")


def _reverse(options: argparse.Namespace) -> int:
    with _changing(options.book) as book:
        posted = book.reverse(options.number, options.date)
    return _say(f"entry {posted.number} reverses entry {options.number}")


def _lock(options: argparse.Namespace) -> int:
    with _changing(options.book) as book:
        book.lock(options.through)
    return _say(f"locked through {options.through}")


def _close(options: argparse.Namespace) -> int:
    with _changing(options.book) as book:
        posted = book.close_year(options.on, options.into)
    return _say(f"entry {posted.number} closes the year to {options.on} into {options.into}")


def _import(options: argparse.Namespace) -> int:
    with _changing(options.book) as book:
        posted = book.post_all(read_csv(_utf8(options.file), book.currency))
    return _say(f"{len(posted)} entries imported")


def _export(options: argparse.Namespace) -> int:
    entries = [posted.entry for posted in load(options.book).book.posted]
    options.file.write_text(write_csv(entries), encoding="utf-8", newline="")
    return _say(f"{len(entries)} entries exported")


def _trial_balance(options: argparse.Namespace) -> int:
    return _say(trial_text(trial_balance(load(options.book).book, options.as_of)))


def _balance_sheet(options: argparse.Namespace) -> int:
    return _say(balance_text(balance_sheet(load(options.book).book, options.as_of)))


def _income_statement(options: argparse.Namespace) -> int:
    return _say(income_text(income_statement(load(options.book).book, options.start, options.end)))


def _statement(options: argparse.Namespace) -> int:
    return _say(statement_text(statement(load(options.book).book, options.code, options.start, options.end)))


def _check(options: argparse.Namespace) -> int:
    text, code = check(load(options.book).book)
    _say(text)
    return code


@contextmanager
def _changing(path: Path) -> Iterator[Book]:
    """The book of a file; what is done to it is saved, unless an error ends the doing."""
    stored = load(path)
    yield stored.book
    save(stored.book, path, stored.digest)


def _line(text: str, currency: str) -> Line:
    code, equals, amount = text.partition("=")
    if not equals:
        raise EntryError(f"{text!r} is not a line: ACCOUNT=AMOUNT is expected, with a minus sign for a credit")
    return Line(code, Money.parse(amount, currency))


def _utf8(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not a text in UTF-8: save it as CSV UTF-8") from error


def _say(text: str) -> int:
    print(text)
    return 0


def _refuse(*problems: str) -> int:
    for problem in problems:
        print(f"ledger: {printable(problem)}", file=sys.stderr)
    return 1


def _day(text: str) -> dt.date:
    try:
        return parse_date(text)
    except EntryError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ledger", description="Double-entry bookkeeping for small shops.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(command: Command, name: str, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("book", type=Path, metavar="BOOK")
        sub.set_defaults(command=command)
        return sub

    _add_changing_commands(add)
    _add_reading_commands(add)
    return parser


Adder = Callable[[Command, str, str], argparse.ArgumentParser]


def _add_changing_commands(add: Adder) -> None:
    add(_init, "init", "begin a book with the standard chart").add_argument("--currency", default="EUR")
    sub = add(_add_account, "add-account", "add an account to the chart")
    sub.add_argument("code")
    sub.add_argument("name")
    sub.add_argument("kind", choices=[kind.value for kind in Kind])
    sub = add(_post, "post", "post one entry")
    sub.add_argument("--date", type=_day, required=True)
    sub.add_argument("--text", required=True)
    sub.add_argument("--reference", default="")
    sub.add_argument("lines", nargs="+", metavar="ACCOUNT=AMOUNT")
    sub = add(_reverse, "reverse", "take an entry back by posting its mirror")
    sub.add_argument("number", type=int)
    sub.add_argument("--date", type=_day, required=True)
    add(_lock, "lock", "let nothing be posted through a day").add_argument("--through", type=_day, required=True)
    sub = add(_close, "close", "close a year into an equity account, and lock it")
    sub.add_argument("--on", type=_day, required=True)
    sub.add_argument("--into", default="3900")
    add(_import, "import", "post all entries of a CSV file, or none").add_argument("file", type=Path)


def _add_reading_commands(add: Adder) -> None:
    add(_accounts, "accounts", "list the chart")
    add(_export, "export", "write all entries to a CSV file").add_argument("file", type=Path)
    add(_check, "check", "recompute every balance, and say whether the book balances")
    add(_trial_balance, "trial-balance", "show all balances").add_argument("--as-of", type=_day)
    add(_balance_sheet, "balance-sheet", "show assets against claims").add_argument("--as-of", type=_day)
    sub = add(_statement, "statement", "show the lines of one account")
    sub.add_argument("code")
    for period in (sub, add(_income_statement, "income-statement", "show what a period earned and spent")):
        period.add_argument("--from", dest="start", type=_day, required=True)
        period.add_argument("--to", dest="end", type=_day, required=True)
