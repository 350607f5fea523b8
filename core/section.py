"""How settings are declared, checked, addressed by dotted path and compared. `spec.py` says which there are."""

import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from core.errors import Problem, SpecError
from core.json_text import has_nul


def setting(
    default: Any,
    description: str,
    *,
    unit: str = "",
    applies: Mapping[str, tuple[object, ...]] | None = None,
    recorded: bool = True,
    formerly: str = "",
    example: str = "",
    at_zero: str = "",
    implied: Any = None,
    **bounds: Any,
) -> Any:
    """Declare a field: `applies` names sibling fields and the values of any of them with which this one has an effect.

    A field that does not apply is absent from the form and from the identity. `recorded=False` is for
    what names a trial without changing what it computes. `formerly` is the field's name in older files: it is still
    read, and identities still hold it, so that finished trials stay what they are. `example` is what values to try
    could be, where the default says too little; `at_zero` is what 0 stands for, where it is no amount. `implied` is the
    value that trials have whose files were written before there was the field: identities leave the field out at this
    value, so that those trials stay what they are.
    """
    extra: dict[str, Any] = {
        "unit": unit, "applies": applies, "recorded": recorded, "formerly": formerly, "example": example,
        "at_zero": at_zero, "implied": implied,
    }  # fmt: skip
    return Field(default, description=description, json_schema_extra=extra, **bounds)


class Section(BaseModel):
    """One part of a spec. Frozen, and unknown fields are refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
    title: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _with_todays_names(cls, values: Any) -> Any:
        return todays_names(cls, values) if isinstance(values, Mapping) else values

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts within this section; paths are relative to it."""
        yield from ()

    def applies(self, name: str) -> bool:
        """Tell whether the field has an effect under the values of its siblings."""
        condition = declared(type(self), name)["applies"]
        if condition is None:
            return True
        return any(self.applies(sibling) and getattr(self, sibling) in values for sibling, values in condition.items())

    def recorded(self) -> dict[str, Any]:
        """Return the fields that decide what is computed, as JSON values."""
        kept = self.model_dump(mode="json")
        declarations = {name: declared(type(self), name) for name in type(self).model_fields}
        return {
            declaration["formerly"] or name: kept[name]
            for name, declaration in declarations.items()
            if declaration["recorded"] and self.applies(name) and not self._is_implied(name, declaration["implied"])
        }

    def _is_implied(self, name: str, implied: Any) -> bool:
        return implied is not None and getattr(self, name) == implied


def declared(section: type[Section], name: str) -> dict[str, Any]:
    """Return the unit, condition and recordedness a field was declared with."""
    extra = section.model_fields[name].json_schema_extra
    assert isinstance(extra, dict)
    return extra


def with_implied(kind: type[Section], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of an older file with those that it implies: of fields that came after it was written."""
    filled = dict(values)
    for name, section in sections(kind).items():
        given = values.get(name)
        if isinstance(given, Mapping):
            filled[name] = with_implied(section, given)
    for name in kind.model_fields.keys() - sections(kind).keys() - filled.keys():
        implied = declared(kind, name)["implied"]
        if implied is not None:
            filled[name] = implied
    return filled


def todays_names(section: type[Section], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with fields that had another name under today's."""
    renamed = _renamed(section)
    return {renamed.get(name, name): value for name, value in values.items()} if renamed else dict(values)


@cache
def _renamed(section: type[Section]) -> dict[str, str]:
    names = {declared(section, name)["formerly"]: name for name in section.model_fields}
    return {former: name for former, name in names.items() if former}


def sections(spec_type: type[Section]) -> dict[str, type[Section]]:
    """Return the sections of a spec in journey order, by field name."""
    found = {}
    for name, field in spec_type.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            found[name] = field.annotation
    return found


def examine(kind: type[Section], values: Mapping[str, Any], prefix: str = "") -> tuple[Section | None, list[Problem]]:
    """Validate section by section, so that a fault in one does not hide the contradictions of another."""
    problems = [
        Problem(f"{prefix}{name}", "must not hold the character NUL, which no path and no name may; leave it out")
        for name, value in values.items()
        if has_nul(value if isinstance(value, list | tuple) else [value])
    ]
    parts: dict[str, Any] = dict(values)
    for name, section in sections(kind).items():
        given = values.get(name, {})
        if not isinstance(given, Mapping):
            problems.append(Problem(prefix + name, f"must be a table of settings, is {given!r}"))
            parts[name] = section()
            continue
        part, found = examine(section, _preset(kind, name) | todays_names(section, given), f"{prefix}{name}.")
        problems += found
        parts[name] = part if part is not None else section()
    try:
        whole = kind.model_validate(parts)
    except ValidationError as error:
        return None, problems + [_describe(kind, entry, prefix) for entry in error.errors()]
    if not problems:
        problems = [Problem(prefix + found.path, found.message) for found in whole.problems()]
    return (whole if not problems else None), problems


def _preset(kind: type[Section], name: str) -> dict[str, Any]:
    """Return what a spec sets of a section by default, where that differs from the section's own defaults."""
    default = kind.model_fields[name].default
    return default.model_dump(exclude_unset=True) if isinstance(default, Section) else {}


def _describe(kind: type[Section], entry: Any, prefix: str) -> Problem:
    location = [str(step) for step in entry["loc"]]
    path = prefix + ".".join(location)
    if entry["type"] == "extra_forbidden":
        near = ", ".join(kind.model_fields)
        return Problem(path, f"unknown field; remove it or use one of: {near}")
    given = entry["input"]
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    # Python reads whole numbers of any length, of which no float is made.
    is_given = f"{given:.10g}" if is_number and abs(given) < _LARGEST else shortened(repr(given))
    must = _MUST.get(entry["type"])
    if must is None:
        return Problem(path, f"{entry['msg'][0].lower()}{entry['msg'][1:]}, is {is_given}")
    limits = entry.get("ctx", {})
    written = {name: f"{limit:.10g}" if isinstance(limit, int | float) else limit for name, limit in limits.items()}
    unit = declared(kind, location[0])["unit"] if limits and location[0] in kind.model_fields else ""
    # "at least 1 examples" would be no English; signs of units have no plural.
    sign = f" {unit}" if 0 < len(unit) <= LONGEST_SIGN else ""
    return Problem(path, f"{must.format(**written)}{sign}, is {is_given}")


def shortened(text: str) -> str:
    """Return the beginning of a text that is too long for a sentence."""
    return text if len(text) <= _LONGEST_GIVEN else f"{text[:_LONGEST_GIVEN]}…"


_LONGEST_GIVEN = 200
_LARGEST = 1e300


def faults_in(error: Exception) -> str:
    """Return in brackets what is wrong with a file of settings: the first value and how many more, if it is that."""
    if isinstance(error, OSError):
        return f" ({error.strerror or error})"
    if not isinstance(error, ValidationError):
        return f" ({error})"
    entries = error.errors()
    first = entries[0]
    place = ".".join(map(str, first["loc"]))
    more = f", and {len(entries) - 1} more" if len(entries) > 1 else ""
    message = first["msg"].removeprefix("Value error, ")
    return f" ({f'{place}: ' if place else ''}{message[0].lower()}{message[1:]}{more})"


LONGEST_SIGN = 3
_MUST = {
    "less_than_equal": "must be at most {le}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "greater_than": "must be more than {gt}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "string_too_long": "must have at most {max_length} characters",
    "literal_error": "must be {expected}",
}
"""What a value must be, by the kind of pydantic's complaint."""


def homeless(path: str, field: str) -> Iterator[Problem]:
    """Yield what is wrong with a path that begins with the `~name` of a user whom this machine does not know."""
    if path.startswith("~") and os.path.expanduser(path) == path:  # noqa: PTH111 (Path raises an error here)
        yield Problem(field, f"names the home folder of a user that is not known here, {path!r}; give the whole path")


def override(values: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return nested values with the one at a dotted path replaced.

    Raises SpecError when the path leads through something that is not a table.
    """
    head, _, rest = path.partition(".")
    changed = dict(values)
    if rest:
        inner = values.get(head, {})
        if not isinstance(inner, Mapping):
            raise SpecError((Problem(path, f"{head} has no settings of its own; check the path"),))
        changed[head] = override(inner, rest, value)
    else:
        changed[head] = value
    return changed


def field_at(spec_type: type[Section], path: str) -> tuple[type[Section], FieldInfo]:
    """Return the section and declaration of a dotted path.

    Raises SpecError when there is no such field.
    """
    section = spec_type
    *outer, name = path.split(".")
    for step in outer:
        inner = sections(section).get(step)
        if inner is None:
            raise SpecError((Problem(path, f"no section {step!r}; use one of: {', '.join(sections(section))}"),))
        section = inner
    if name not in section.model_fields:
        raise SpecError((Problem(path, f"unknown field; use one of: {', '.join(section.model_fields)}"),))
    return section, section.model_fields[name]


def value_at(spec: Section, path: str) -> Any:
    """Return the value at a dotted path."""
    value: Any = spec
    for step in path.split("."):
        value = getattr(value, step)
    return value


def flatten(spec: Section) -> dict[str, Any]:
    """Return every applying field by dotted path, in journey order."""
    flat: dict[str, Any] = {}
    for name in type(spec).model_fields:
        value = getattr(spec, name)
        if isinstance(value, Section):
            flat |= {f"{name}.{path}": inner for path, inner in flatten(value).items()}
        elif spec.applies(name):
            flat[name] = value
    return flat


def differences(spec: Section, other: Section) -> dict[str, tuple[Any, Any]]:
    """Return what differs, name aside: path → (value in `spec`, value in `other`); None where absent."""
    ours, theirs = flatten(spec), flatten(other)
    paths = [*ours, *(path for path in theirs if path not in ours)]
    return {
        path: (ours.get(path), theirs.get(path))
        for path in paths
        if path != "name" and ours.get(path) != theirs.get(path)
    }
