"""Numbers as people read them: three significant digits, kB of 1024 bytes."""

import math

BYTES_PER_KB = 1024


def three_digits(value: float) -> str:
    """Return a figure with three significant digits and no exponent; from 1,000 on it keeps every whole unit."""
    if value == 0:
        return "0"
    if abs(value) >= 999.5:
        return f"{value:,.0f}"
    # Rounding may carry into another digit (9.996 → 10.0), so the magnitude is taken from the rounded value.
    rounded = float(f"{value:.3g}")
    decimals = 2 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:.{decimals}f}"
