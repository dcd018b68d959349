"""Accounts are well formed, and a chart never confuses two of them."""

import dataclasses

import pytest

from ledger.accounts import Account, Chart, Kind, standard_chart
from ledger.errors import AccountError

CASH = Account("1000", "Cash", Kind.ASSET)
SALES = Account("4000", "Sales", Kind.INCOME)


def test_debits_make_assets_and_expenses_grow() -> None:
    """R-005: the kind decides the normal side."""
    assert [kind for kind in Kind if kind.debit_normal] == [Kind.ASSET, Kind.EXPENSE]


def test_closing_the_year_empties_income_and_expenses_only() -> None:
    """R-005"""
    assert [kind for kind in Kind if kind.temporary] == [Kind.INCOME, Kind.EXPENSE]


@pytest.mark.parametrize("code", ["", "10 00", "-1", "cash", "1000\n", "1" * 13, "=1"])
def test_refuses_a_malformed_code(code: str) -> None:
    """R-005"""
    with pytest.raises(AccountError, match="not an account code"):
        Account(code, "Cash", Kind.ASSET)


@pytest.mark.parametrize("code", ["1", "1000", "A-1", "4000.10", "1" * 12])
def test_takes_the_codes_that_shops_use(code: str) -> None:
    """R-005"""
    assert Account(code, "Cash", Kind.ASSET).code == code


def test_an_account_needs_a_name() -> None:
    """R-005"""
    with pytest.raises(AccountError, match="1000 has no name"):
        Account("1000", "  ", Kind.ASSET)


def test_an_account_cannot_be_changed() -> None:
    """R-010: accounts are values."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        CASH.name = "Petty cash"  # type: ignore[misc]


def test_finds_accounts_by_code_and_kind() -> None:
    """R-006: and lists them by code, whatever the order they came in."""
    chart = Chart([SALES, CASH])
    assert chart.get("1000") is CASH
    assert list(chart) == [CASH, SALES]
    assert chart.of_kind(Kind.INCOME) == [SALES]
    assert chart.of_kind(Kind.EQUITY) == []
    assert "1000" in chart
    assert "1001" not in chart
    assert len(chart) == 2


def test_a_code_names_one_account() -> None:
    """R-006: the second is refused, and the first stays."""
    chart = Chart([CASH])
    with pytest.raises(AccountError, match="1000 exists already: Cash"):
        chart.add(Account("1000", "Till", Kind.ASSET))
    assert chart.get("1000") is CASH


def test_an_unknown_code_is_answered_with_the_nearest() -> None:
    """R-006"""
    with pytest.raises(AccountError, match=r"no account '1009'; did you mean 1000 \(Cash\)\?"):
        Chart([CASH, SALES]).get("1009")
    with pytest.raises(AccountError, match="no account 'X'$"):
        Chart([CASH, SALES]).get("X")


def test_the_standard_chart_serves_a_shop() -> None:
    """R-007: every kind is there, with retained earnings to close into; and each call gives a chart of its own."""
    chart = standard_chart()
    assert all(chart.of_kind(kind) for kind in Kind)
    assert chart.get("3900").kind is Kind.EQUITY
    chart.add(Account("1010", "Till", Kind.ASSET))
    assert "1010" not in standard_chart()
