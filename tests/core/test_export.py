"""Models written for use elsewhere; the C array is compiled and compared where there is a compiler."""

import shutil
import subprocess
import zipfile

import pytest

from core.datasets.preprocessing import Preprocessing, load_preprocessing, save_preprocessing
from core.errors import StudyError
from core.experiment.export import FORMATS, export_trial
from core.experiment.store import Study
from core.results import Classification, Footprint, LabelScore, TrialResult
from core.spec import Dataset, Features, KeywordSpottingSpec

NUM = Features().num_coefficients
LABELS = ("größe", 'sa"y?', "stop")
MODEL = bytes(range(256)) * 5 + b"end"


@pytest.fixture
def study(tmp_path) -> Study:
    made = Study.create(tmp_path / "study")
    name = made.add(KeywordSpottingSpec(name="Größe 1: narrow", dataset=Dataset(folder="/clips")))
    folder = made.folder_of(name)
    (folder / "model.tflite").write_bytes(MODEL)
    (folder / "model.keras").write_bytes(b"keras")
    with zipfile.ZipFile(folder / "model.tflite.zip", "w") as archive:
        archive.writestr("model.tflite", MODEL)
    save_preprocessing(
        Preprocessing(
            features=Features(), clip_duration_ms=1000, labels=LABELS, mean=(0.5,) * NUM, deviation=(2.0,) * NUM
        ),
        folder,
    )
    scores = tuple(LabelScore(label=label, num_clips=1, precision=1, recall=1) for label in LABELS)
    result = TrialResult(
        quality=Classification(labels=LABELS, confusion=((1, 0, 0), (0, 1, 0), (0, 0, 1)), per_label=scores),
        footprint=Footprint(
            tflite_bytes=len(MODEL),
            zip_bytes=1,
            full_tflite_bytes=1,
            params=1,
            nonzero_params=1,
            macs=1,
            peak_ram_bytes=1,
        ),
        latencies=(),
        validation_accuracy=1,
        training_seconds=1,
        num_training_clips=1,
    )
    (folder / "result.json").write_text(result.model_dump_json())
    made.refresh()
    return made


def test_each_format_is_written_and_named_after_the_trial(study, tmp_path):
    (name,) = (trial.name for trial in study.summaries())
    written = {form: export_trial(study, name, form, tmp_path / "out") for form in FORMATS}
    assert written["tflite"][0] == tmp_path / "out" / "gre_1_narrow.tflite"
    assert written["tflite"][0].read_bytes() == MODEL
    assert load_preprocessing(study.folder_of(name)).model_dump_json(indent=1) in written["tflite"][1].read_text()
    assert zipfile.ZipFile(written["zip"][0]).read("model.tflite") == MODEL
    assert written["keras"][0].read_bytes() == b"keras"
    assert [path.name for path in written["c-array"]] == ["gre_1_narrow.h", "gre_1_narrow.cc"]
    assert export_trial(study, name, "zip", tmp_path / "my model.bin") == (tmp_path / "my model.bin",)


def test_the_c_header_tells_labels_and_features(study, tmp_path):
    (name,) = (trial.name for trial in study.summaries())
    header, _ = export_trial(study, name, "c-array", tmp_path / "kws.h")
    text = header.read_text(encoding="utf-8")
    assert '// Outputs in this order: größe, sa"y?, stop.' in text
    assert "// num_mfccs = 10" in text
    assert f"// mean = {[0.5] * NUM}" in text
    assert "extern const unsigned int kws_length;" in text


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs the C++ compiler g++")
def test_the_c_array_compiles_to_the_same_bytes(study, tmp_path):
    (name,) = (trial.name for trial in study.summaries())
    export_trial(study, name, "c-array", tmp_path / "firmware" / "kws.h")
    (tmp_path / "firmware" / "main.cc").write_text(
        '#include "kws.h"\n#include <cstdint>\n#include <cstdio>\n'
        "int main() {\n  if (reinterpret_cast<std::uintptr_t>(kws) % 16) return 1;\n"
        "  for (auto label : kws_labels) { std::fputs(label, stdout); std::fputc(0, stdout); }\n"
        "  std::fwrite(kws, 1, kws_length, stdout);\n}\n"
    )
    command = ["g++", "-std=c++11", "-Wall", "-Werror", "-o", "firmware", "main.cc", "kws.cc"]
    subprocess.run(command, cwd=tmp_path / "firmware", check=True)
    output = subprocess.run([tmp_path / "firmware" / "firmware"], stdout=subprocess.PIPE, check=True).stdout
    assert output == b"".join(label.encode() + b"\0" for label in LABELS) + MODEL


def test_what_cannot_be_exported_is_said(study, tmp_path):
    (name,) = (trial.name for trial in study.summaries())
    waiting = study.add(study.spec(name))
    with pytest.raises(StudyError, match=r"trial B has no model to export, for it is queued; train it first"):
        export_trial(study, waiting, "tflite", tmp_path)
    (study.folder_of(name) / "model.keras").unlink()
    with pytest.raises(StudyError, match=r"model\.keras is missing"):
        export_trial(study, name, "keras", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="could not be written"):
        export_trial(study, name, "zip", tmp_path / "file" / "model.zip")
