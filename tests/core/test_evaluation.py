import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.compression import convert, package, slim
from core.datasets.clips import find_clips
from core.datasets.waveforms import FULL_SCALE, read_clip
from core.errors import ModelError
from core.evaluation import classification, footprint, latency
from core.evaluation.interpreter import LoadedModel
from core.events import Progressed
from core.features.mel import FeatureExtractor
from core.models import registry
from core.models.assembly import assemble
from core.spec import Dataset, Features, ForecastModel, Measurement
from tests.core.arrays import INPUT_SHAPE, LABELS, SMALL_CNN, make_data, make_spec

ROOT = Path(__file__).resolve().parents[2]
FOREIGN_MODEL = ROOT.parent / "shared" / "data" / "models" / "mlperf_tiny_kws_ref_model.tflite"
FOREIGN_LABELS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes", "_silence_", "_unknown_")


@pytest.fixture(scope="module")
def model():
    spec = make_spec(model=SMALL_CNN)
    return assemble(registry.build(spec.model, INPUT_SHAPE, len(LABELS)), 0)


def deploy(model, folder, **settings) -> Path:
    quantization = make_spec(quantization=settings).quantization
    folder.mkdir(exist_ok=True)
    return package.deploy(slim.slim(convert.convert(model, quantization, make_data().train.inputs)), folder)


def test_float_file_is_judged_as_the_model_predicts(model, tmp_path):
    data, events = make_data().test, []
    path = deploy(model, tmp_path, scheme="float32")
    quality = classification.judge(path, data.inputs, data.targets, LABELS, events.append)
    predicted = np.asarray(model(data.inputs, training=False)).argmax(axis=1)
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (data.targets, predicted), 1)
    assert np.array_equal(quality.confusion, expected)
    assert quality.accuracy == pytest.approx((predicted == data.targets).mean())
    assert isinstance(events[-1], Progressed)
    assert events[-1].done == events[-1].total == len(data.targets)


@pytest.mark.parametrize("input_output", ["int8", "float32"])
def test_quantized_ports_are_read_as_real_numbers(model, tmp_path, input_output):
    inputs = make_data().test.inputs
    probabilities = classification.predict(deploy(model, tmp_path, scheme="int8", input_output=input_output), inputs, 3)
    assert np.allclose(probabilities, model(inputs, training=False), atol=0.08)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=0.02)


def test_scores_of_each_label_are_counted():
    quality = classification.tally(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), LABELS)
    assert quality.confusion == ((1, 0, 0), (1, 2, 0), (0, 0, 0))
    assert [(score.num_clips, score.precision, score.recall) for score in quality.per_label] == [
        (1, 0.5, 1.0),
        (3, 1.0, pytest.approx(2 / 3)),
        (0, None, None),
    ]


def test_other_input_shape_is_refused_with_both_shapes(model, tmp_path):
    path = deploy(model, tmp_path)
    with pytest.raises(ModelError, match=r"shape 1 × 31 × 10 × 1, the features give 1 × 49 × 10 × 1; use"):
        classification.judge(path, np.zeros((2, 49, 10, 1), np.float32), np.zeros(2, int), LABELS)


def test_other_number_of_labels_is_refused(model, tmp_path):
    with pytest.raises(ModelError, match="gives 3 outputs, 2 labels are named; name"):
        classification.predict(deploy(model, tmp_path), make_data().test.inputs, 2)


def test_missing_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match=r"nothing\.tflite: cannot be read"):
        LoadedModel(tmp_path / "nothing.tflite")
    text = tmp_path / "text.tflite"
    text.write_text("this is no model at all, however long it may be")
    with pytest.raises(ModelError, match=r"not a \.tflite file"):
        LoadedModel(text)


CUT_SHORT = """
import sys
from pathlib import Path
from core.errors import ModelError
from core.evaluation.interpreter import LoadedModel
whole = Path(sys.argv[1]).read_bytes()
cut = Path(sys.argv[1]).with_name("cut.tflite")
refused = 0
for part in range(1, 40):
    cut.write_bytes(whole[: len(whole) * part // 40])
    try:
        LoadedModel(cut)
    except ModelError as error:
        refused += "cut.tflite" in str(error)
print(refused)
"""


@pytest.mark.parametrize("slimmed", [True, False])
def test_files_cut_anywhere_are_refused_without_ending_the_process(model, tmp_path, slimmed):
    content = convert.convert(model, make_spec().quantization, make_data().train.inputs)
    path = package.deploy(slim.slim(content) if slimmed else content, tmp_path)
    done = subprocess.run([sys.executable, "-c", CUT_SHORT, path], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) == 39


def test_latency_times_each_part_and_the_whole(model, tmp_path):
    made = []
    # Far cheaper than the model, so that their order shows on a busy machine too.
    given = make_data().test.inputs[:1]

    def make_input():
        made.append(1)
        return given

    found = latency.measure(deploy(model, tmp_path), make_input, Measurement(num_threads=1, warmup_runs=3, num_runs=25))
    assert len(made) == 1 + 2 * (3 + 25)
    for timing in (found.feature, found.inference, found.total):
        assert 0 < timing.median_ms <= timing.p90_ms <= timing.p99_ms
        assert (timing.num_runs, timing.warmup_runs) == (25, 3)
    assert found.total.median_ms > found.feature.median_ms
    assert found.device == latency.device_name() != ""


def test_benchmark_runs_any_file(model, tmp_path):
    assert latency.benchmark(deploy(model, tmp_path, scheme="float32"), num_runs=10).timing.num_runs == 10


def test_footprint_weighs_the_files_and_counts_the_weights(model, tmp_path):
    path = deploy(model, tmp_path, scheme="float32")
    weights = [np.array([0.0, 1.0, 2.0]), np.zeros((2, 2))]
    found = footprint.measure(path, 9999, weights, 1234)
    assert found.tflite_bytes == path.stat().st_size
    assert found.zip_bytes == (tmp_path / "model.tflite.zip").stat().st_size < found.tflite_bytes
    assert (found.params, found.nonzero_params, found.macs, found.full_tflite_bytes) == (7, 2, 1234, 9999)


def test_peak_memory_is_of_the_tensors_alive_together(model, tmp_path):
    # The second convolution holds its input and output at once: both are 15 × 4 × 8 values after strides (2, 2).
    floats = footprint.peak_ram_bytes(deploy(model, tmp_path / "a", scheme="float32"))
    assert model.layers[1].output_shape == (None, 15, 4, 8)
    second = model.layers[4].output_shape
    assert floats == 4 * 8 * (15 * 4 + second[1] * second[2])
    assert footprint.peak_ram_bytes(deploy(model, tmp_path / "b", scheme="int8")) == floats // 4


def test_peak_memory_holds_the_state_of_lstm_cells(tmp_path):
    net = registry.build(ForecastModel(family="lstm", cells=4, units=()), (6, 2), 3)
    path = deploy(assemble(net, 0), tmp_path, scheme="float32")
    window, steps, state = 6 * 2, 6 * 4, 2 * 4
    assert footprint.peak_ram_bytes(path) == 4 * (window + steps + state)


def test_foreign_model_judges_real_clips(real_clips):
    if not FOREIGN_MODEL.is_file():
        pytest.skip(f"needs {FOREIGN_MODEL}")
    features = Features(
        kind="mfcc",
        frame_length_ms=30,
        frame_step_ms=20,
        num_mel_bins=40,
        lower_edge_hertz=20,
        upper_edge_hertz=4000,
        num_mfccs=10,
        peak_normalization=True,
    )
    words = tuple(label for label in FOREIGN_LABELS if not label.startswith("_"))
    dataset = Dataset(
        folder=str(real_clips), labels=words, include_silence=True, include_unknown=True, max_clips_per_label=40
    )
    found = find_clips(dataset)
    waveforms = np.stack([read_clip(clip, 16000, Dataset()) for clip in found.clips]) / np.float32(FULL_SCALE)
    pictures = FeatureExtractor(features, 16000).compute(waveforms)[..., np.newaxis]
    targets = np.array([FOREIGN_LABELS.index(found.labels[clip.target]) for clip in found.clips])
    quality = classification.judge(FOREIGN_MODEL, pictures, targets, FOREIGN_LABELS)
    assert quality.num_clips > 400
    assert quality.accuracy > 0.85
