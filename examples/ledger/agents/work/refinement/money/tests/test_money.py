"""Money is exact: reading, writing, adding and splitting it."""

import pytest

from ledger.errors import AmountError
from ledger.money import Money, decimals, total


def euros(text: str) -> Money:
    return Money.parse(text, "EUR")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        (" 7 ", "EUR", 700),
        ("-0.01", "EUR", -1),
        ("+3", "EUR", 300),
        ("1,234,567.89", "USD", 123456789),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("-0.00", "EUR", 0),
    ],
)
def test_reads_an_amount_exactly(text: str, currency: str, minor: int) -> None:
    """R-001, R-002: what is written is what is kept, in minor units."""
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize("text", ["", "ten", "1.2.3", "1,23.00", "12,50", "1e3", "NaN", "inf", "٣", "1.", ".5", "--1"])
def test_refuses_what_is_no_amount(text: str) -> None:
    """R-002: a comma is never taken for a decimal point, and no float syntax gets in."""
    with pytest.raises(AmountError, match="is not an amount"):
        euros(text)


@pytest.mark.parametrize(("text", "currency"), [("0.001", "EUR"), ("1.0", "JPY"), ("1.2345", "BHD")])
def test_refuses_to_round(text: str, currency: str) -> None:
    """R-002: more decimals than the currency has are refused, even if they are zeros."""
    with pytest.raises(AmountError, match=f"decimals, {currency} has"):
        Money.parse(text, currency)


def test_refuses_an_amount_too_long_to_be_meant() -> None:
    """R-002: the longest amount is read, one digit more is not."""
    assert euros("9999999999999.99").minor == 10**15 - 1
    with pytest.raises(AmountError, match="16 digits"):
        euros("10000000000000.00")


@pytest.mark.parametrize("minor", [1.0, "1", True, None])
def test_minor_units_are_whole_numbers(minor: object) -> None:
    """R-001: no float, text or truth value passes for an amount."""
    with pytest.raises(AmountError, match="whole number"):
        Money(minor, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "E1R", "€"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    """R-004"""
    with pytest.raises(AmountError, match="not a currency"):
        Money(1, currency)


def test_knows_the_decimals_of_currencies() -> None:
    """R-001: the minor unit depends on the currency."""
    assert [decimals(code) for code in ("JPY", "EUR", "TND")] == [0, 2, 3]


def test_adds_subtracts_and_negates() -> None:
    """R-001: a tenth and two tenths are three tenths."""
    assert euros("0.10") + euros("0.20") == euros("0.30")
    assert euros("1.00") - euros("1.01") == euros("-0.01")
    assert -euros("5.00") == euros("-5.00")
    assert total([euros("1.10"), euros("2.20"), euros("-3.30")], "EUR") == Money(0, "EUR")
    assert total([], "JPY") == Money(0, "JPY")


def test_only_zero_is_false() -> None:
    assert euros("0.01")
    assert not euros("0.00")


def test_currencies_never_mix() -> None:
    """R-004: adding, subtracting and comparing keep currencies apart."""
    with pytest.raises(AmountError, match="EUR and USD"):
        euros("1.00") + Money(100, "USD")
    with pytest.raises(AmountError, match="EUR and USD"):
        euros("1.00") - Money(100, "USD")
    assert euros("1.00") != Money(100, "USD")


@pytest.mark.parametrize(
    ("minor", "currency", "plain", "grouped"),
    [
        (123456789, "EUR", "1234567.89", "1,234,567.89"),
        (-5, "EUR", "-0.05", "-0.05"),
        (-1000, "JPY", "-1000", "-1,000"),
        (7, "KWD", "0.007", "0.007"),
    ],
)
def test_writes_what_it_can_read_again(minor: int, currency: str, plain: str, grouped: str) -> None:
    """R-002: both notations read back as the same amount."""
    money = Money(minor, currency)
    assert (str(money), money.grouped()) == (plain, grouped)
    assert Money.parse(plain, currency) == Money.parse(grouped, currency) == money


def test_splits_a_gross_price_into_net_and_tax() -> None:
    """R-003: 119.00 at 19 % is 100.00 and 19.00; a cent is never invented."""
    assert euros("119.00").allocate([100, 19]) == [euros("100.00"), euros("19.00")]
    assert euros("9.99").allocate([100, 19]) == [euros("8.39"), euros("1.60")]


@pytest.mark.parametrize("minor", [1, 2, 100, 101, -100, 99999, 0])
@pytest.mark.parametrize("weights", [[1, 1, 1], [7, 2, 1], [0, 3, 5], [1], [100, 7]])
def test_a_split_loses_nothing(minor: int, weights: list[int]) -> None:
    """R-003: shares add up, and each is less than one unit from its exact part."""
    shares = Money(minor, "EUR").allocate(weights)
    assert sum(share.minor for share in shares) == minor
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share.minor * sum(weights) - minor * weight) < sum(weights)


def test_ties_go_to_the_first_share() -> None:
    """R-003: the same split gives the same shares, whoever asks."""
    assert [share.minor for share in Money(100, "EUR").allocate([1, 1, 1])] == [34, 33, 33]
    assert [share.minor for share in Money(-100, "EUR").allocate([1, 1, 1])] == [-34, -33, -33]


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_refuses_weights_that_make_no_shares(weights: list[int]) -> None:
    """R-003"""
    with pytest.raises(AmountError, match="cannot split"):
        euros("1.00").allocate(weights)
