"""What was received as `preprocessing.json` is used only where it describes an input that a network can have."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.datasets.frame import Frame, load_frame, save_frame
from core.datasets.preprocessing import Preprocessing, load_preprocessing, save_preprocessing
from core.errors import DataError
from core.spec import Features

LABELS = ("go", "stop")


@pytest.fixture
def spotting(tmp_path: Path) -> Path:
    features = Features(kind="log_mel", num_mel_bins=20, normalization="standardize")
    known = Preprocessing(
        features=features, clip_duration_ms=1000, labels=LABELS, mean=(0.5,) * 20, deviation=(2.0,) * 20
    )
    save_preprocessing(known, tmp_path)
    assert load_preprocessing(tmp_path) == known
    return tmp_path


@pytest.fixture
def forecasting(tmp_path: Path) -> Path:
    names = ("T (degC)", "rh (%)")
    known = Frame(
        inputs=names,
        targets=names[:1],
        step_minutes=10,
        input_steps=6,
        output_steps=6,
        predict="change",
        input_mean=(),
        input_deviation=(1.5, 2.5),
        target_mean=(),
        target_deviation=(0.5,),
    )
    save_frame(known, tmp_path)
    assert load_frame(tmp_path) == known
    return tmp_path


def change(folder: Path, **values: Any) -> None:
    path = folder / "preprocessing.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **values}))


@pytest.mark.parametrize(
    "values",
    [
        {"clip_duration_ms": 0},
        {"clip_duration_ms": 2**31},
        {"labels": ["go"]},
        {"mean": [0.5]},
        {"mean": []},
        {"deviation": [0.0] * 20},
        {"deviation": [float("inf")] * 20},
        {"features": {"kind": "log_mel", "num_mel_bins": 20, "frame_length_ms": 40, "fft_length": 256}},
        {"features": []},
    ],
    ids=str,
)
def test_settings_that_no_clip_could_be_heard_by_are_refused_by_their_file(spotting: Path, values: Any) -> None:
    change(spotting, **values)
    with pytest.raises(DataError, match=r"preprocessing\.json: cannot be read as preprocessing settings"):
        load_preprocessing(spotting)


@pytest.mark.parametrize(
    "values",
    [
        {"step_minutes": 0},
        {"step_minutes": 1e300},
        {"input_steps": 2**31},
        {"output_steps": 0},
        {"inputs": []},
        {"inputs": ["rh (%)", "rh (%)"]},
        {"targets": ["p (mbar)"]},
        {"input_deviation": [1.5]},
        {"target_deviation": [0]},
        {"predict": "value"},
    ],
    ids=str,
)
def test_a_frame_that_no_window_could_have_is_refused_by_its_file(forecasting: Path, values: Any) -> None:
    change(forecasting, **values)
    with pytest.raises(DataError, match=r"preprocessing\.json: cannot be read as that of a forecast"):
        load_frame(forecasting)
