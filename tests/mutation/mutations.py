"""Damage done to content at random: what a bad copy, a hasty hand or an ill will leaves of a file or an answer."""

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

NUMBERS = (
    "0", "-1", "1", "127", "128", "255", "256", "32768", "65535", "65536", "2147483647", "2147483648", "4294967295",
    "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551616", "-2147483649", "1e-320", "0.1",
    "1e9", "1e38", "1e39", "1e308", "1e999", "-1e999", "nan", "inf", "-inf", "NaN", "Infinity", "²", "٣", "1_0", "0x10",
    "1e", "--1", "1.2.3", "9" * 400, "9" * 5000,
)  # fmt: skip
"""Numbers at which types, clocks and parsers end, and some that only look like numbers."""
TEXTS = (
    "", " ", "\0", "a\0b", "\n", "\x1b[2J", "\u202e", "\ud800", "\ufeff", "/", "..", "../../x", "~", "~nobody/x", "[",
    "{", "%s%n", "=1+1", '"', "'", "\\", "é" * 300, "x" * 100_000, "ſ", "\U0010ffff", "None", "true",
)  # fmt: skip
"""Texts that mean something to a terminal, a path, a parser or a spreadsheet."""
DEPTHS = (10, 200, 1_000, 5_000, 100_000)
"""How deep brackets are nested; Python's own limit is 1,000 calls."""

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_VALUE = re.compile(rb"(?m)(?<==)[^\n=]*$")
_INTEGERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_DEEP = "\ue000deep\ue000"
_BARE = "\ue000bare\ue000"

Change = Callable[[Random, bytes], bytes]


def mutate_bytes(rng: Random, content: bytes, others: Sequence[bytes] = (), head: int = 0) -> bytes:
    """Return content damaged in one to four places, half of the time within its first `head` bytes."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        reach = head if head and rng.random() < 0.5 else len(content)
        content = _damaged(rng, content, min(reach, len(content)), others)
    return content


def mutate_text(rng: Random, content: bytes, others: Sequence[bytes] = ()) -> bytes:
    """Return lines of text damaged in one to three places: numbers, values, whole lines, single bytes."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        change = rng.choice((_other_number, _other_number, _other_value, _other_lines, _text_put_in, _deep_value))
        content = change(rng, content) if rng.random() < 0.8 else mutate_bytes(rng, content, others)
    return content


def mutate_json(rng: Random, content: bytes, others: Sequence[bytes] = ()) -> bytes:
    """Return a JSON document with one to three values replaced, moved, taken away or buried deep, or damaged bytes."""
    if rng.random() < 0.2:
        return mutate_text(rng, content, others)
    document = [json.loads(content)]
    for _ in range(rng.choice((1, 1, 2, 3))):
        _change_value(rng, document)
    return _written(rng, document[0])


def mutate_json_lines(rng: Random, content: bytes) -> bytes:
    """Return lines of JSON of which one is damaged, or left out, repeated or moved."""
    if rng.random() < 0.2:
        return mutate_text(rng, content)
    lines = content.splitlines()
    place = rng.randrange(len(lines))
    lines[place] = mutate_json(rng, lines[place])
    return b"\n".join(lines) + b"\n"


def _damaged(rng: Random, content: bytes, reach: int, others: Sequence[bytes]) -> bytes:
    at = rng.randrange(reach) if reach else 0
    length = min(rng.choice((1, 2, 4, 8, 64, 1024)), len(content) - at)
    match rng.randrange(9):
        case 0:
            flipped = bytes([content[at] ^ 1 << rng.randrange(8)]) if content else b"\x01"
            return content[:at] + flipped + content[at + 1 :]
        case 1:
            return content[:at]
        case 2:
            return content[:at] + content[at + length :]
        case 3:
            return content[:at] + rng.randbytes(rng.choice((1, 2, 4, 64))) + content[at:]
        case 4:
            return content[:at] + content[at : at + length] * rng.choice((2, 3, 50)) + content[at + length :]
        case 5:
            return content[:at] + rng.randbytes(length) + content[at + length :]
        case 6:
            other = rng.choice(others) if others else content
            return content[:at] + other[rng.randrange(len(other)) if other else 0 :]
        case 7:
            return content[:at] + bytes([rng.choice((0, 0x7F, 0x80, 0xFF))]) * length + content[at + length :]
        case _:
            width, order = rng.choice((1, 2, 4, 8)), rng.choice(("little", "big"))
            number = (rng.choice(_INTEGERS) & (1 << 8 * width) - 1).to_bytes(width, order)
            return content[:at] + number + content[at + width :]


def _other_number(rng: Random, content: bytes) -> bytes:
    found = list(_NUMBER.finditer(content))
    if not found:
        return content
    return _with(content, rng.choice(found).span(), rng.choice(NUMBERS))


def _other_value(rng: Random, content: bytes) -> bytes:
    found = list(_VALUE.finditer(content))
    if not found:
        return _other_number(rng, content)
    start, stop = rng.choice(found).span()
    text = json.dumps(rng.choice(TEXTS))
    return _with(content, (start, stop), rng.choice((" []", " {}", " true", f" {rng.choice(NUMBERS)}", f" {text}", "")))


def _other_lines(rng: Random, content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            del lines[first : first + rng.choice((1, 1, 5))]
        case 1:
            lines[first:first] = lines[second : second + rng.choice((1, 1, 20))]
        case 2:
            lines[first], lines[second] = lines[second], lines[first]
        case _:
            del lines[first:]
    return b"".join(lines)


def _text_put_in(rng: Random, content: bytes) -> bytes:
    at = rng.randrange(len(content) + 1)
    return _with(content, (at, at), rng.choice((*TEXTS, ",", ";", "\t", "\r")))


def _deep_value(rng: Random, content: bytes) -> bytes:
    found = list(_VALUE.finditer(content)) or list(_NUMBER.finditer(content))
    span = rng.choice(found).span() if found else (len(content), len(content))
    return _with(content, span, _nested(rng))


def _with(content: bytes, span: tuple[int, int], text: str) -> bytes:
    return content[: span[0]] + text.encode("utf-8", "surrogatepass") + content[span[1] :]


def _nested(rng: Random) -> str:
    depth = rng.choice(DEPTHS)
    opening, closing = rng.choice((("[", "]"), ('{"a":', "}"), ("[", ""), ("{a=", "}")))
    return opening * depth + rng.choice(("", "1")) + closing * depth


def _change_value(rng: Random, document: list[Any]) -> None:
    """Change one value anywhere in a document, which is the only member of a list."""
    places = list(_places(document))
    holder, key = rng.choice(places)
    match rng.randrange(8):
        case 0 if isinstance(holder, dict):
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[rng.choice(TEXTS[:-3])] = holder.pop(key)
        case 2 | 3:
            other, other_key = rng.choice(places)
            # By its text, lest a value become a part of itself.
            holder[key] = json.loads(json.dumps(other[other_key]))
        case 4 if isinstance(holder[key], list):
            holder[key] = holder[key][: rng.randrange(len(holder[key]) + 1)] * rng.choice((0, 1, 2, 20))
        case _:
            holder[key] = _odd_value(rng)


def _places(holder: Any) -> Any:
    for key in range(len(holder)) if isinstance(holder, list) else list(holder):
        yield holder, key
        if isinstance(holder[key], dict | list):
            yield from _places(holder[key])


def _odd_value(rng: Random) -> Any:
    match rng.randrange(5):
        case 0:
            return rng.choice((None, True, False, [], {}, [[]], [None], {"a": 1}, [1, 2, 3], ["a", "b"]))
        case 1 | 2:
            return _BARE + rng.choice(NUMBERS) + _BARE
        case 3:
            return rng.choice(TEXTS)
        case _:
            return _DEEP


def _written(rng: Random, document: Any) -> bytes:
    text = json.dumps(document, ensure_ascii=rng.random() < 0.5)
    for mark in (json.dumps(_DEEP)[1:-1], _DEEP):
        text = text.replace(f'"{mark}"', _nested(rng)).replace(mark, "deep")
    for mark in (json.dumps(_BARE)[1:-1], _BARE):
        # In the place of a value they stand bare, as a key's part they do not.
        text = re.sub(f'"{re.escape(mark)}(.*?){re.escape(mark)}"', r"\1", text)
    return text.encode("utf-8", "surrogatepass")
