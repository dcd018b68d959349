"""Double-entry bookkeeping for small shops.

>>> import datetime, ledger
>>> book = ledger.Book("EUR", ledger.standard_chart())
>>> price = ledger.Money.parse("12.50", "EUR")
>>> lines = (ledger.debit("1000", price), ledger.credit("4000", price))
>>> book.post(ledger.Entry(datetime.date(2024, 3, 1), "Tea", lines)).number
1
>>> ledger.trial_balance(book).balanced
True
"""

from ledger.accounts import Account, Chart, Kind, standard_chart
from ledger.errors import (
    AccountError,
    AmountError,
    EntryError,
    FormatError,
    LedgerError,
    PostingError,
    StorageError,
)
from ledger.interchange import read_csv, write_csv
from ledger.journal import Entry, Line, credit, debit, parse_date
from ledger.money import Money
from ledger.posting import Book, Posted
from ledger.reports import (
    BalanceSheet,
    IncomeStatement,
    StatementRow,
    TrialBalance,
    balance_sheet,
    income_statement,
    statement,
    trial_balance,
)
from ledger.storage import Stored, load, save

__version__ = "0.1.0"

__all__ = [
    "Account",
    "AccountError",
    "AmountError",
    "BalanceSheet",
    "Book",
    "Chart",
    "Entry",
    "EntryError",
    "FormatError",
    "IncomeStatement",
    "Kind",
    "LedgerError",
    "Line",
    "Money",
    "Posted",
    "PostingError",
    "StatementRow",
    "StorageError",
    "Stored",
    "TrialBalance",
    "balance_sheet",
    "credit",
    "debit",
    "income_statement",
    "load",
    "parse_date",
    "read_csv",
    "save",
    "standard_chart",
    "statement",
    "trial_balance",
    "write_csv",
]
