"""Names as they are, wherever Qt would read a sign in them.

Labels and tooltips are plain text by the style sheet; who wants rich text says so by the label's format, and escapes
the names in it.
"""

from core.visible_text import visible


def verbatim(text: str) -> str:
    """Return the text of a button, a menu or an action that shows a name: `&` is a letter of it and marks no key."""
    return visible(text).replace("&", "&&")


def titled(text: str) -> str:
    """Return the title of a window that shows a name: `[*]` in it is no place for a star."""
    return visible(text).replace("[*]", "[*][*]")
