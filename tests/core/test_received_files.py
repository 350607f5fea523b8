"""Files that come with a model, a data set or a sweep: whatever is in them ends in a sentence."""

import json
from pathlib import Path

import pytest

from core.datasets.edits import FILE_NAME as EDITS
from core.datasets.edits import load_edits
from core.datasets.frame import Frame, load_frame, save_frame
from core.datasets.preprocessing import FILE_NAME, Preprocessing, load_preprocessing, save_preprocessing
from core.errors import DataError, SpecError, WorkbenchError, part_missing
from core.experiment import runner
from core.experiment.constraints import Constraints
from core.experiment.long_recording import read_truth
from core.experiment.search import load_search
from core.experiment.spec_file import apply_settings, load_spec, parse_value
from core.experiment.sweep import load_sweep
from core.spec import Features, parse_spec
from tests.core.studies import run_python

HUGE = 10**400
INF, NAN = float("inf"), float("nan")


def _put(folder: Path, **changes: object) -> None:
    values = json.loads((folder / FILE_NAME).read_text())
    for path, value in changes.items():
        *outer, name = path.split("__")
        place = values
        for step in outer:
            place = place[step]
        place[name] = value
    (folder / FILE_NAME).write_text(json.dumps(values))


@pytest.mark.parametrize(
    "changes",
    [
        {"clip_duration_ms": 0},
        {"clip_duration_ms": 2**31},
        {"clip_duration_ms": 10},
        {"clip_duration_ms": HUGE},
        {"clip_duration_ms": "long"},
        {"mean": [0.0] * 9},
        {"mean": []},
        {"mean": "none"},
        {"mean": [NAN] * 10},
        {"deviation": [0.0] * 10},
        {"deviation": [INF] * 10},
        {"labels": []},
        {"labels": "go"},
        {"features__frame_step_ms": 0},
        {"features__lower_edge_hertz": 2000, "features__upper_edge_hertz": 600},
        {"features__kind": ["mfcc"]},
        {"features": []},
    ],
)
def test_preprocessing_of_which_no_input_could_be_made_is_a_sentence(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    features = Features(normalization="standardize")
    whole = Preprocessing(
        features=features, clip_duration_ms=1000, labels=("go", "stop"), mean=(0.5,) * 10, deviation=(2.0,) * 10
    )
    save_preprocessing(whole, tmp_path)
    assert load_preprocessing(tmp_path) == whole
    _put(tmp_path, **changes)
    with pytest.raises(DataError, match=r"preprocessing\.json: cannot be read as preprocessing settings \(.*; train"):
        load_preprocessing(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"input_steps": 0},
        {"output_steps": 2**40},
        {"step_minutes": 0},
        {"step_minutes": INF},
        {"inputs": []},
        {"targets": ["another"]},
        {"inputs": ["T (degC)", "T (degC)"]},
        {"input_deviation": [1.0]},
        {"target_deviation": [0.0]},
        {"input_mean": [1.0, 2.0]},
        {"predict": "nothing"},
    ],
)
def test_a_frame_that_fits_no_forecast_is_a_sentence(tmp_path: Path, changes: dict[str, object]) -> None:
    whole = Frame(
        inputs=("T (degC)", "rh (%)"),
        targets=("T (degC)",),
        step_minutes=10,
        input_steps=6,
        output_steps=6,
        predict="change",
        input_mean=(),
        input_deviation=(1.0, 2.0),
        target_mean=(),
        target_deviation=(1.0,),
    )
    save_frame(whole, tmp_path)
    assert load_frame(tmp_path) == whole
    _put(tmp_path, **changes)
    with pytest.raises(DataError, match="cannot be read as that of a forecast"):
        load_frame(tmp_path)


@pytest.mark.parametrize("name", ["/etc/passwd", "../other/go/1.wav", "go/../../x.wav", "C:\\go\\1.wav", "", "."])
def test_a_list_of_edits_names_nothing_outside_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / EDITS).write_text(json.dumps({"clips": {name: {"excluded": True}}}))
    with pytest.raises(DataError, match="names nothing in its folder"):
        load_edits(tmp_path)


@pytest.mark.parametrize(
    "edit",
    [
        {"label": "../up"},
        {"label": "a\nb"},
        {"label": " "},
        {"label": ".hidden"},
        {"start_ms": -1},
        {"start_ms": 10**12},
        3,
    ],
)
def test_a_list_of_edits_gives_no_label_that_is_no_name(tmp_path: Path, edit: object) -> None:
    (tmp_path / EDITS).write_text(json.dumps({"clips": {"go/1.wav": edit}}))
    with pytest.raises(DataError, match="cannot be read as a list of excluded, relabelled and trimmed clips"):
        load_edits(tmp_path)


def test_a_list_of_edits_is_not_read_through_a_link(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"clips": {}}))
    (tmp_path / EDITS).symlink_to(other)
    with pytest.raises(DataError, match="is a symbolic link"):
        load_edits(tmp_path)


SPECS = [
    "task = []",
    "task = {}",
    "dataset = 3",
    "x = " + "[" * 50_000,
    "x = " + "[" * 100 + "]" * 100,
    ".".join("a" * 2000) + " = 1",
    '[dataset]\nfolder = "a\\u0000b"',
    '[dataset]\nfolder = "~no-such-user-at-all/x"',
    '[dataset]\nfolder = "x"\nlabels = ["a\\u0000", "b"]',
    f'[training]\nepochs = {HUGE}\n[dataset]\nfolder = "x"',
    '[features]\nframe_step_ms = nan\n[dataset]\nfolder = "x"',
    'name = "\\u0000"\n[dataset]\nfolder = "x"',
]


@pytest.mark.parametrize("text", SPECS, ids=[text[:20] for text in SPECS])
def test_a_spec_of_any_text_is_read_or_said_to_be_wrong(tmp_path: Path, text: str) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(text)
    with pytest.raises(SpecError, match=r"spec\.toml: "):
        load_spec(path)
    path.write_text(f"[base]\n{text}" if not text.startswith("[") else text)
    for load in (load_sweep, load_search):
        with pytest.raises(SpecError):
            load(path).expand() if load is load_sweep else load(path).examples()  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", ["inf", "nan", "-inf", "-1", "1e999"])
@pytest.mark.parametrize("name", ["zip_kb_max", "accuracy_min", "total_ms_max"])
def test_a_constraint_that_nothing_can_be_held_against_is_a_problem(tmp_path: Path, name: str, value: str) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text(
        f'[constraints]\n{name} = {value}\nmae_max = {{"T" = {value}}}\n[base.dataset]\nfolder = "x"\n'
        '[axes]\n"training.seed" = [1, 2]\n'
    )
    with pytest.raises(SpecError, match=rf"constraints\.{name}: must be a finite number from 0"):
        load_sweep(path)
    with pytest.raises(ValueError, match="must be a finite number"):
        Constraints().with_bound("mae_max.T", float(value))


def test_axes_that_are_no_lists_are_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text('[base.dataset]\nfolder = "x"\n[axes]\n"training.seed" = 3\n')
    sweep = load_sweep(path)
    assert sweep.num_combinations == 1
    with pytest.raises(SpecError, match="must be a list of values"):
        sweep.expand()


def test_a_setting_given_by_hand_is_text_where_it_is_no_value() -> None:
    assert parse_value("[" * 50_000) == "[" * 50_000
    changed = apply_settings({}, ['dataset.folder="a\\u0000b"'])
    with pytest.raises(SpecError, match="must not hold the character NUL"):
        parse_spec(changed)


@pytest.mark.parametrize("content", [b"time_s,label\n1.5,go\n\xff", b"\x00\x01", b"time_s,label\nnan,go\n", b"label\n"])
def test_a_truth_of_anything_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "truth.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"truth\.csv"):
        read_truth(tmp_path / "truth.csv")


WITHOUT_A_LIBRARY = """
    import sys
    from core.errors import WorkbenchError
    from core.experiment import runner
    from core.experiment.store import Study
    # Stands in for a library that finds no memory to be loaded into.
    sys.modules["core.pipeline"] = None
    try:
        runner.run(Study.open(sys.argv[1]), sys.argv[2])
    except WorkbenchError as error:
        print(error)
"""


def test_a_library_that_cannot_be_loaded_is_a_sentence(study, tmp_path: Path) -> None:
    from tests.core.studies import spec

    name = study.add(spec())
    said, _ = run_python(WITHOUT_A_LIBRARY, study.folder, name).communicate()
    assert said.startswith("a part of the program cannot be loaded") and "memory is short" in said
    assert isinstance(WorkbenchError(part_missing(ImportError("x"))), WorkbenchError)
    message, details = runner.explain(ImportError("failed to map segment from shared object"), tmp_path)
    assert "failed to map segment" in message and "Traceback" not in message and details
