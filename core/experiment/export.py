"""A finished trial's model for use elsewhere: as a file, or as a C array for a microcontroller."""

import re
import shutil
from pathlib import Path
from typing import Literal, get_args

from core.datasets.preprocessing import FILE_NAME as PREPROCESSING
from core.errors import StudyError
from core.experiment.files import write_atomically, writing_failed
from core.experiment.model_choice import WORKING_POINT
from core.experiment.spec_file import to_toml
from core.experiment.store import Study, TrialState
from core.tasks.description import Description
from core.tasks.registry import TASKS

Format = Literal["tflite", "zip", "keras", "c-array"]
FORMATS: tuple[Format, ...] = get_args(Format)
_FILES = {"tflite": "model.tflite", "zip": "model.tflite.zip", "keras": "model.keras"}
_SUFFIXES = {"tflite": ".tflite", "zip": ".zip", "keras": ".keras", "c-array": ".h"}
_BYTES_A_LINE = 16


def export_trial(study: Study, name: str, form: Format, target: Path | str) -> tuple[Path, ...]:
    """Write a trial's model to `target`, a file or a folder, and return the paths written.

    Beside a `.tflite` or `.keras` go its preprocessing.json, without which its input cannot be made, and its
    detection.json where a working point was saved. Raises StudyError when the trial is not finished or the target
    cannot be written.
    """
    trial = study.summary(name)
    if trial.state is not TrialState.FINISHED:
        raise StudyError(f"trial {trial.letter} has no model to export, for {trial.plight}")
    folder = study.folder_of(name)
    path = _target(Path(target).expanduser(), form, trial.title or name)
    if form == "c-array":
        return _write_c_array(study, name, path)
    source = folder / _FILES[form]
    if not source.is_file():
        raise StudyError(f"{source} is missing; delete the trial's result.json and train it again")
    written = [path]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)
        for beside in (PREPROCESSING, WORKING_POINT) if form != "zip" else ():
            if (folder / beside).is_file():
                written.append(path.with_name(f"{path.stem}.{beside}"))
                shutil.copyfile(folder / beside, written[-1])
    except OSError as error:
        raise StudyError(writing_failed(path, error)) from error
    return tuple(written)


def _target(target: Path, form: Format, title: str) -> Path:
    """Return the file to write; a folder, or a path without a suffix, gets a file named after the trial."""
    if target.is_dir() or not target.suffix:
        return target / (_identifier(title) + _SUFFIXES[form])
    return target


def _write_c_array(study: Study, name: str, header: Path) -> tuple[Path, ...]:
    folder = study.folder_of(name)
    header = header.with_suffix(".h")
    source = header.with_suffix(".cc")
    model = (folder / "model.tflite").read_bytes()
    symbol = _identifier(header.stem)
    described = TASKS[study.spec(name).task].describe(folder)
    about = _about(study, name, described)
    try:
        header.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(writing_failed(header, error)) from error
    write_atomically(header, _header(symbol, about, described))
    write_atomically(source, _source(symbol, header.name, model, described))
    return header, source


def _about(study: Study, name: str, described: Description) -> str:
    """Return what a firmware author must know: outputs in their order and the whole recipe of the input."""
    text = (
        f"Trial {name} of the study {study.name}.\nOutputs in this order: {', '.join(described.outputs)}.\n"
        + "".join(f"{sentence}\n" for sentence in described.about)
        + f"\n{to_toml(study.spec(name))}"
    )
    return "".join(f"// {line}".rstrip() + "\n" for line in text.splitlines())


def _header(symbol: str, about: str, described: Description) -> str:
    guard = f"{symbol.upper()}_H_"
    return (
        f"{about}\n#ifndef {guard}\n#define {guard}\n\n"
        f"extern const unsigned char {symbol}[];\n"
        f"extern const unsigned int {symbol}_length;\n"
        f"extern const char* const {symbol}_{described.called}[{len(described.outputs)}];\n\n#endif  // {guard}\n"
    )


def _source(symbol: str, header: str, model: bytes, described: Description) -> str:
    lines = [
        "    " + " ".join(f"0x{byte:02x}," for byte in model[start : start + _BYTES_A_LINE])
        for start in range(0, len(model), _BYTES_A_LINE)
    ]
    names = ", ".join(_c_string(output) for output in described.outputs)
    return (
        f'#include "{header}"\n\n// TensorFlow Lite for Microcontrollers needs the model aligned to 16 bytes.\n'
        f"alignas(16) const unsigned char {symbol}[] = {{\n" + "\n".join(lines) + "\n};\n"
        f"const unsigned int {symbol}_length = {len(model)};\n"
        f"const char* const {symbol}_{described.called}[{len(described.outputs)}] = {{{names}}};\n"
    )


def _c_string(text: str) -> str:
    """Return a C string literal; bytes beyond ASCII in octal, which no following digit can run into."""
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in text.encode()) + '"'


def _identifier(text: str) -> str:
    """Return a name that C and every file system take."""
    plain = re.sub(r"\W+", "_", text.encode("ascii", "ignore").decode()).strip("_").lower()
    return plain if plain and not plain[0].isdigit() else f"model_{plain}".rstrip("_")
