"""Sentences of the library as rich text: what stands between backticks is to be typed, and looks like it."""

from html import escape

from workbench import theme


def rich(text: str) -> str:
    """Return a text as rich text."""
    return "".join(fixed(part) if place % 2 else escape(part) for place, part in enumerate(text.split("`")))


def fixed(text: str) -> str:
    """Return a text in letters of one width."""
    return f"<span style='font-family:\"{theme.fixed_font().family()}\"'>{escape(text)}</span>"
