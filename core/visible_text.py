"""Received texts in a form in which they can only be read: in a terminal, a log, a spreadsheet."""

import re

# C0 and C1 but for tab and newline, the separators of lines and paragraphs, and what turns the direction of writing
# (Unicode Standard Annex 9, https://www.unicode.org/reports/tr9): a terminal obeys some of them, a reader sees none.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_BREAKS = re.compile("[\t\n]")
_FORMULA = re.compile(r"[=+\-@\t\r\n]")


def visible_lines(text: str) -> str:
    """Return a text of lines in which every character that cannot be seen stands as its escape, such as \\x1b."""
    return _HIDDEN.sub(_escaped, text)


def visible(text: str) -> str:
    """Return a text as one line, in which every character that cannot be seen stands as its escape, such as \\n."""
    return _BREAKS.sub(_escaped, visible_lines(text))


def csv_cell(text: str) -> str:
    """Return a text as a cell that a spreadsheet takes for a text, never for a formula; `cell_text` is the inverse.

    See https://owasp.org/www-community/attacks/CSV_Injection.
    """
    return f"'{visible(text)}" if _FORMULA.match(text) and not _is_number(text) else visible(text)


def cell_text(cell: str) -> str:
    """Return the text of a cell that `csv_cell` made."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell, 1) else cell


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
