"""Received texts can do nothing in a terminal, a log or a spreadsheet but be read."""

import csv
import io

import pytest

from core.visible_text import cell_text, csv_cell, visible, visible_lines

HOSTILE = "go\x1b[31m\x9b2J\u202etxt.exe\u2066\x00\r"


def test_what_cannot_be_seen_stands_as_its_escape():
    assert visible(HOSTILE) == r"go\x1b[31m\x9b2J\u202etxt.exe\u2066\x00\r"
    assert visible("one\ttwo\n") == r"one\ttwo\n"
    assert visible_lines("one\ttwo\n\x07") == "one\ttwo\n\\x07"


@pytest.mark.parametrize("text", ["Größe 0.5 °C", "左 右", "naïve\u00a0é", "🙂", "שלום"])
def test_letters_of_every_script_stay(text):
    assert visible(text) == visible_lines(text) == csv_cell(text) == text


@pytest.mark.parametrize("text", ["=1+1", "+1 more", "-go", "@name", "\t=1"])
def test_a_cell_that_would_be_a_formula_is_quoted_and_read_back(text):
    assert csv_cell(text).startswith("'")
    assert cell_text(csv_cell("=1+1")) == "=1+1"


@pytest.mark.parametrize("text", ["-12.5", "+3", "-1e-3", "'tis", "go", ""])
def test_numbers_and_words_stay_as_they_are(text):
    assert csv_cell(text) == text == cell_text(csv_cell(text))


def test_a_csv_of_such_cells_has_its_rows():
    file = io.StringIO()
    csv.writer(file).writerow([csv_cell(HOSTILE), csv_cell("a\nb")])
    assert file.getvalue().count("\n") == 1
