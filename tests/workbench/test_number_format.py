"""What the window writes for a number."""

import numpy as np
import pytest

from core.evaluation.classification import tally
from workbench import number_format
from workbench.commands import quality_sheet


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (0.41267, "0.413"),
        (0.0004126, "0.000413"),
        (5.9, "5.90"),
        (9.994, "9.99"),
        (9.996, "10.0"),
        (99.96, "100"),
        (999.4, "999"),
        (999.7, "1,000"),
        (4295.2, "4,295"),
        (-9.996, "-10.0"),
    ],
)
def test_three_significant_digits_without_exponent(value, text):
    assert number_format.three_digits(value) == text


def test_a_kilobyte_is_1024_bytes():
    assert number_format.kilobytes(6042) == "5.90"
    assert number_format.kilobytes(1024 * 4295) == "4,295"


def test_accuracy_comes_with_its_wilson_margin():
    assert number_format.percent(0.98196) == "98.2"
    assert number_format.percent_with_margin(0.9825, 0.9644, 0.9915) == "98.2 ± 1.4"
    # Wilson 1927 for 393 of 400, worked by hand: 96.4 to 99.1 %.
    assert number_format.accuracy_in_words(393, 400) == "98.2 ± 1.4 % (96.4–99.1 %, 393 of 400 clips)"


def test_small_words():
    assert number_format.signed("-1.50", -1.5) == "−1.50"
    assert number_format.signed("1.50", 1.5) == "+1.50"
    assert number_format.signed("0", 0) == "0"
    assert number_format.duration(42.4) == "0:42"
    assert number_format.duration(3750) == "1:02:30"
    assert number_format.plain(4.0) == "4"
    assert number_format.plain(0.05) == "0.05"
    assert number_format.plain(1000) == "1,000"
    assert number_format.count(1185538) == "1,185,538"
    assert number_format.millions(12_345_678) == "12.3"


def test_an_accuracy_is_read_beside_its_balance() -> None:
    lazy = tally(np.zeros(262, int), np.array([0] * 250 + [1] * 12), ("go", "stop"))
    assert number_format.balance_in_words(lazy) == (
        "Mean recall of the labels 50.0 %; always saying go would be right for 95.4 %"
    )
    document = quality_sheet.as_document(lazy)
    assert (document["balanced_accuracy"], document["largest_label"]) == (0.5, "go")
    assert document["accuracy"] == document["largest_share"]
