"""Every error that this library raises on purpose.

LedgerError
├── AmountError    a text is no amount, or amounts of two currencies meet
├── AccountError   an account is unknown, malformed or there twice
├── EntryError     an entry breaks a rule of its own: it does not balance, has no text, ...
├── PostingError   a sound entry does not fit its book: locked period, used reference, ...
├── FormatError    a file is not what it should be; every problem is named with its line
└── StorageError   a book cannot be saved: somebody else changed it, or is writing it
"""


class LedgerError(Exception):
    """The root: carries every problem found, not only the first."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class AmountError(LedgerError):
    """A text is no amount, or amounts of two currencies meet."""


class AccountError(LedgerError):
    """An account is unknown, malformed or there twice."""


class EntryError(LedgerError):
    """An entry breaks a rule of its own."""


class PostingError(LedgerError):
    """A sound entry does not fit its book."""


class FormatError(LedgerError):
    """A file is not what it should be."""


class StorageError(LedgerError):
    """A book cannot be saved."""
