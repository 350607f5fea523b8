"""Specs as TOML files, in the order of the journey, and settings given on the command line."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

from core.errors import Problem, SpecError
from core.experiment.files import write_atomically
from core.experiment.typed_lists import is_list, listed
from core.files import read_bounded
from core.json_text import leaves_of
from core.section import Section, declared, field_at, override, sections
from core.spec import SPECS, TrialSpec, parse_spec, spec_type_of

_DATA_FIELDS = {kind.data_field for kind in SPECS.values()}


def load_spec(path: Path | str, settings: Iterable[str] = (), data: Path | None = None) -> TrialSpec:
    """Read a spec, with the path to its `data` and `settings` like ``features.num_mel_bins=20`` laid over it.

    A relative path to the data in the TOML file is relative to it, so that a spec and its data can move together; `~`
    is the home folder. Raises SpecError naming the file and every problem.
    """
    path = Path(path).expanduser()
    return parse_spec(apply_settings(with_data(load_values(path), data), settings), str(path))


def load_values(path: Path | str) -> dict[str, Any]:
    """Read a TOML file of settings as nested plain values, the path to its data made absolute. Raises SpecError."""
    path = Path(path).expanduser()
    values = read_toml(path)
    return anchor(values, path.resolve().parent)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises SpecError naming it, with the line of a syntax error."""
    try:
        values = tomllib.loads(read_bounded(path).decode("utf-8"))
        leaves_of(values)
        return values
    except tomllib.TOMLDecodeError as error:
        raise SpecError((Problem("", f"not valid TOML: {error}"),), str(path)) from error
    except UnicodeDecodeError as error:
        raise SpecError((Problem("", "not UTF-8 text; save the file as UTF-8"),), str(path)) from error
    except (RecursionError, ValueError) as error:
        raise SpecError((Problem("", f"not a file of settings: {_too_deep(error)}"),), str(path)) from error
    except OSError as error:
        problem = f"cannot be read ({error.strerror}); check the path"
        raise SpecError((Problem("", problem),), str(path)) from error


def _too_deep(error: Exception) -> str:
    return "is nested too deeply" if isinstance(error, RecursionError) else str(error)


def anchor(values: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """Return the values with the path to the data made absolute: `~` expanded, relative ones taken from `base`."""
    data_field = spec_type_of(values).data_field
    section, _, name = data_field.partition(".")
    dataset = values.get(section)
    data = dataset.get(name) if isinstance(dataset, Mapping) else None
    if not isinstance(data, str) or not data:
        return dict(values)
    return override(values, data_field, _absolute(data, base))


def _absolute(path: str, base: Path) -> str:
    """Return a path as an absolute one; what is none, by a NUL or an unknown `~user`, is refused where it is used."""
    try:
        return str((base / Path(path).expanduser()).resolve())
    except (ValueError, RuntimeError, OSError):
        return path


def with_data(values: Mapping[str, Any], data: Path | None) -> dict[str, Any]:
    """Return values whose data are at a path, relative to the current folder; None leaves them where they are.

    Raises SpecError where the values have something else than a table in the place of the data.
    """
    if data is None:
        return dict(values)
    return override(values, spec_type_of(values).data_field, str(data.expanduser().resolve()))


def apply_settings(values: Mapping[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    """Lay settings like ``a.b=v`` over nested values; `v` is a TOML value, a list as one types it, or text.

    A relative path to the data given here is relative to the current folder. Raises SpecError for every setting that
    is not one.
    """
    changed = dict(values)
    problems: list[Problem] = []
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals or not path.strip():
            problems.append(Problem(setting, "must look like features.num_mel_bins=20"))
            continue
        value = _value_for(changed, path.strip(), text)
        if path.strip() in _DATA_FIELDS:
            value = _absolute(str(value), Path())
        try:
            changed = override(changed, path.strip(), value)
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(tuple(problems), "--set")
    return changed


def _value_for(values: Mapping[str, Any], path: str, text: str) -> Any:
    """Return the value of a setting; where its field holds a list, ``go,stop`` is one, and so is ``go`` alone."""
    value = parse_value(text)
    try:
        _, field = field_at(spec_type_of(values), path)
    except SpecError:
        # Said with every other problem once all are laid over the file.
        return value
    if not is_list(field) or isinstance(value, list):
        return value
    is_quoted = isinstance(value, str) and value != text.strip()
    return [value] if is_quoted else listed(field, text.strip())


def parse_value(text: str) -> Any:
    """Read a TOML value; anything that is none is text as it stands."""
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
        leaves_of(value)
        return value
    except (ValueError, KeyError, RecursionError):
        return text.strip()


def save_spec(spec: TrialSpec, path: Path | str) -> None:
    """Write a spec as TOML: sections in journey order, each setting that applies under its sentence.

    Raises StudyError when the file cannot be written.
    """
    write_atomically(Path(path).expanduser(), to_toml(spec))


def to_toml(spec: TrialSpec) -> str:
    """Return a spec as TOML text with only the settings that have an effect."""
    document = tomlkit.document()
    document.add("task", spec.task)
    document.add("name", spec.name)
    for name in sections(type(spec)):
        document.add(name, _table(getattr(spec, name)))
    return tomlkit.dumps(document)


def _table(section: Section) -> Table:
    table = tomlkit.table()
    values = section.model_dump(mode="json")
    for name in type(section).model_fields:
        if section.applies(name):
            item = tomlkit.item(values[name])
            unit = declared(type(section), name)["unit"]
            if unit:
                item.comment(unit)
            table.add(name, item)
    return table
