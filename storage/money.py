"""Money: `Decimal` euros outside, whole cents in the tables."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")


def to_cents(euros: Decimal | None) -> int | None:
    """Whole cents, half a cent rounded up."""
    if euros is None:
        return None
    return int(euros.quantize(_CENT, ROUND_HALF_UP).scaleb(2))


def to_euros(cents: int | None) -> Decimal | None:
    """Euros with two decimals."""
    return None if cents is None else Decimal(cents).scaleb(-2)
