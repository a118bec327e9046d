"""How large one number may be, whatever format carries it.

Python itself refuses to print an integer of more than 4,300 digits, because that takes quadratic
time. A reader that lets one pass hands a crash to whoever shows the value.
"""

from decimal import Decimal
from typing import Final

MAX_DIGITS: Final = 4_300
"""Decimal digits of one number, written out without an exponent."""

MAX_INT_BITS: Final = 14_284
"""The most bits that never need more than `MAX_DIGITS` digits."""

MAX_INT_BYTES: Final = MAX_INT_BITS // 8 + 1
"""The longest integer that a binary format may announce, in bytes; one bit is the sign."""


def plain_digits(number: Decimal) -> int:
    """How many digits `format(number, "f")` writes; 0 for NaN and infinities.

    `Decimal("1e1000000000")` is eleven characters here and a gigabyte there.
    """
    _, digits, exponent = number.as_tuple()
    return len(digits) + abs(exponent) if isinstance(exponent, int) else 0
