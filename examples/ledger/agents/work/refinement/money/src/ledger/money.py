"""Exact money: whole minor units of one currency (R-001 to R-004)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.errors import AmountError

NO_DECIMALS = ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF")
THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
DECIMALS = dict.fromkeys(NO_DECIMALS, 0) | dict.fromkeys(THREE_DECIMALS, 3)
MOST_DIGITS = 15  # of an amount that is read: more is a slip of the keyboard, or an attack
AMOUNT = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?", re.ASCII)


def decimals(currency: str) -> int:
    """How many decimals a currency has; AmountError if the text is not shaped like an ISO 4217 code."""
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise AmountError(f"{currency!r} is not a currency: three capital letters are expected")
    return DECIMALS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units: Money(1250, "EUR") is 12.50 euros. Debits are positive, credits negative."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise AmountError(f"{self.minor!r} is not a whole number of minor units")
        decimals(self.currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read "1,234.5" or "-3"; AmountError if the text is no amount or finer than the currency."""
        places = decimals(currency)
        match = AMOUNT.fullmatch(text.strip())
        if not match:
            raise AmountError(f"{text!r} is not an amount")
        sign, whole, fraction = match[1], match[2].replace(",", ""), match[3] or ""
        if len(fraction) > places:
            raise AmountError(f"{text!r} has {len(fraction)} decimals, {currency} has {places}")
        digits = whole + fraction.ljust(places, "0")
        if len(digits) > MOST_DIGITS:
            raise AmountError(f"an amount of {len(digits)} digits is more than the {MOST_DIGITS} allowed")
        return cls(int(sign + digits), currency)

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + -other

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return self.grouped().replace(",", "")

    def grouped(self) -> str:
        """The amount with its thousands set apart: "1,234.50"."""
        places = decimals(self.currency)
        whole, rest = divmod(abs(self.minor), 10**places)
        fraction = f".{rest:0{places}d}" if places else ""
        return f"{'-' if self.minor < 0 else ''}{whole:,}{fraction}"

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split by weights so that nothing is lost: the largest remainders get the units left over, ties the first.

        A gross price of 119.00 at 19 % tax is `allocate([100, 19])`: 100.00 net and 19.00 tax.
        """
        total = sum(weights)
        if total == 0 or min(weights) < 0:
            raise AmountError(f"cannot split by the weights {list(weights)}: at least one above zero, none below")
        shares = [divmod(abs(self.minor) * weight, total) for weight in weights]
        left = abs(self.minor) - sum(units for units, _ in shares)
        lucky = set(sorted(range(len(shares)), key=lambda i: -shares[i][1])[:left])
        sign = -1 if self.minor < 0 else 1
        return [Money(sign * (units + (i in lucky)), self.currency) for i, (units, _) in enumerate(shares)]

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise AmountError(f"{self.currency} and {other.currency} do not add up")


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts of one currency; zero if there are none."""
    return sum(amounts, Money(0, currency))
