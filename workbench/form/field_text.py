"""Settings as people write them: ``3×3, 5×3`` for kernels, ``32, 32`` for filters, ``on, off`` for a switch.

Knows nothing of Qt. What cannot be read stays as it was typed and becomes a problem.
"""

import re
from collections.abc import Sequence
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from core.experiment.typed_lists import texts_of
from core.section import Section, declared

NAMES = {
    "mfcc": "MFCC",
    "log_mel": "Log-mel",
    "spectrogram": "Spectrogram",
    "micro_frontend": "Micro front end",
    "waveform": "Waveform",
    "cnn": "CNN",
    "ds_cnn": "DS-CNN",
    "conv1d": "1-D CNN",
    "mlp": "MLP",
    "lstm": "LSTM",
    "mse": "MSE",
    "mae": "MAE",
    "huber": "Huber",
    "adam": "Adam",
    "adamw": "AdamW",
    "fft_length": "FFT length",
    "num_mfccs": "MFCCs",
    "gain_db": "Gain",
    "keep": "Weights kept",
    "input_output": "Input and output",
    "slim": "Slim the file",
    "enabled": "Vary the clips",
    "file": "CSV file",
}
ON = ("on", "yes", "true", "1")
OFF = ("off", "no", "false", "0")


class Shape(Enum):
    """What a field holds, as far as writing it goes."""

    SWITCH = "switch"
    CHOICE = "choice"
    WHOLE = "whole number"
    NUMBER = "number"
    TEXT = "text"
    TEXTS = "list of texts"
    WHOLES = "list of whole numbers"
    PAIRS = "list of pairs"


def shape_of(field: FieldInfo) -> Shape:
    """Return the shape of a field from its annotation."""
    annotation: Any = field.annotation
    if get_origin(annotation) is Literal:
        return Shape.CHOICE
    plain = {bool: Shape.SWITCH, int: Shape.WHOLE, float: Shape.NUMBER, str: Shape.TEXT}
    if annotation in plain:
        return plain[annotation]
    inner = get_args(annotation)[0]
    return {str: Shape.TEXTS, int: Shape.WHOLES}.get(inner, Shape.PAIRS)


def choices_of(field: FieldInfo) -> tuple[Any, ...]:
    """Return the values of a choice."""
    return get_args(field.annotation)


def words_of(value: Any) -> str:
    """Return a value of a choice as people read it."""
    text = str(value)
    return NAMES.get(text, text.replace("_", " "))


def label_of(section: type[Section], name: str) -> str:
    """Return the label of a field: its name without the unit, which stands inside the field."""
    if name in NAMES:
        return NAMES[name]
    words = name
    if declared(section, name)["unit"]:
        words = words.removesuffix("_ms").removesuffix("_hertz").removesuffix("_minutes")
    words = words.removeprefix("num_").replace("_", " ")
    return words[:1].upper() + words[1:]


def write(value: Any) -> str:
    """Return a value as people write it; text that could not be read comes back as it was."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        # "1e-5", as people write it, not "1e-05".
        return re.sub(r"e([+-])0+", r"e\1", f"{value:.10g}")
    if isinstance(value, list | tuple):
        return ", ".join(_write_part(part) for part in value)
    return str(value)


def read(field: FieldInfo, text: str) -> Any:
    """Return what a text means for a field. Raises ValueError with a sentence saying how to write it."""
    text = text.strip()
    shape = shape_of(field)
    if shape is Shape.TEXT:
        return text
    if shape is Shape.TEXTS:
        return texts_of(text)
    if shape is Shape.WHOLES:
        return tuple(_whole(part) for part in _parts(text))
    if shape is Shape.PAIRS:
        return tuple(_pair(part) for part in _parts(text))
    if shape is Shape.WHOLE:
        return _whole(text)
    if shape is Shape.NUMBER:
        return _number(text)
    if shape is Shape.SWITCH:
        return _switch(text)
    return _choice(choices_of(field), text)


def read_values(field: FieldInfo, text: str) -> list[Any]:
    """Return the values to try: separated by commas, by semicolons where a value has commas of its own.

    Raises ValueError with a sentence saying how to write them.
    """
    listed = shape_of(field) in (Shape.TEXTS, Shape.WHOLES, Shape.PAIRS)
    values: list[Any] = []
    for part in filter(None, (part.strip() for part in text.split(";" if listed else ","))):
        value = read(field, part)
        if value not in values:
            values.append(value)
    if not values:
        raise ValueError(f"type the values to try, such as {example(field)}")
    return values


def write_values(field: FieldInfo, values: Sequence[Any]) -> str:
    """Return values to try as they are typed."""
    listed = shape_of(field) in (Shape.TEXTS, Shape.WHOLES, Shape.PAIRS)
    if shape_of(field) is Shape.CHOICE:
        return ", ".join(words_of(value) for value in values)
    return ("; " if listed else ", ").join(write(value) for value in values)


def example(field: FieldInfo) -> str:
    """Return values as they could be typed."""
    declaration = field.json_schema_extra
    if isinstance(declaration, dict) and declaration["example"]:
        return str(declaration["example"])
    shape = shape_of(field)
    if shape is Shape.CHOICE:
        return write_values(field, choices_of(field))
    if shape is Shape.SWITCH:
        return "on, off"
    if shape is Shape.PAIRS:
        return "3×3; 5×3"
    if shape is Shape.WHOLES:
        return "16, 16; 32, 32"
    if shape in (Shape.TEXT, Shape.TEXTS):
        return "one, another"
    value = field.default
    if shape is Shape.NUMBER:
        return f"{write(value)}, {write(value / 2 if value else 0.5)}"
    return f"{write(value)}, {write(value // 2 if value > 1 else value + 1)}"


def _write_part(part: Any) -> str:
    if isinstance(part, list | tuple):
        return "×".join(map(str, part))
    text = str(part)
    return '"' + text.replace('"', '""') + '"' if "," in text else text


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"must be a whole number, is {text!r}") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"must be a number such as 0.01 or 1e-5, is {text!r}") from None


def _pair(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)\s*[×xX*]\s*(\d+)", text)
    if not found:
        raise ValueError(f"must be pairs such as 3×3, 5×3 (time × frequency), is {text!r}")
    return int(found[1]), int(found[2])


def _switch(text: str) -> bool:
    if text.lower() in ON:
        return True
    if text.lower() in OFF:
        return False
    raise ValueError(f"must be on or off, is {text!r}")


def _choice(choices: Sequence[Any], text: str) -> Any:
    for value in choices:
        if text.lower() in (str(value).lower(), words_of(value).lower()):
            return value
    raise ValueError(f"must be one of {', '.join(words_of(value) for value in choices)}; is {text!r}")
