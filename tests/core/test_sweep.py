"""Specs from TOML files, settings from the command line, and sweeps."""

import pytest

from core.errors import SpecError
from core.experiment.spec_file import apply_settings, load_spec, save_spec, to_toml
from core.experiment.sweep import Sweep, load_sweep
from core.experiment.typed_lists import is_list
from core.section import flatten, sections
from core.spec import (
    SPECS,
    Augmentation,
    Dataset,
    Features,
    KeywordSpottingSpec,
    Model,
    Pruning,
    Quantization,
    identity,
    parse_spec,
)

BASE = {"name": "base", "dataset": {"folder": "/clips"}}


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "spec",
    [
        KeywordSpottingSpec(dataset=Dataset(folder="/clips")),
        KeywordSpottingSpec(
            name='Grün "quoted"',
            dataset=Dataset(folder="/clips/ä b", labels=("stop", "go")),
            features=Features(kind="log_mel", num_mel_bins=20),
            augmentation=Augmentation(enabled=True, gain_db=3.0),
            model=Model(family="ds_cnn", filters=(8, 16), kernels=((5, 5), (3, 3)), strides=((2, 2), (1, 1))),
            pruning=Pruning(schedule="polynomial", final_sparsity=0.85),
            quantization=Quantization(scheme="dynamic_range"),
        ),
    ],
)
def test_a_saved_spec_is_the_same_when_loaded(tmp_path, spec):
    save_spec(spec, tmp_path / "spec.toml")
    loaded = load_spec(tmp_path / "spec.toml")
    assert flatten(loaded) == flatten(spec)
    assert identity(loaded) == identity(spec)


def test_a_spec_file_holds_only_what_has_an_effect_in_journey_order():
    text = to_toml(KeywordSpottingSpec(dataset=Dataset(folder="/clips"), features=Features(kind="spectrogram")))
    assert "num_mfccs" not in text
    assert "final_sparsity" not in text
    assert "frame_length_ms = 40.0 # ms" in text
    places = [text.index(f"[{section}]") for section in ("dataset", "features", "model", "pruning", "measurement")]
    assert places == sorted(places)


def test_a_relative_data_folder_is_beside_the_file(tmp_path, monkeypatch):
    path = write(tmp_path / "spec.toml", 'dataset.folder = "clips"')
    assert load_spec(path).dataset.folder == str(tmp_path / "clips")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert load_spec(write(path, 'dataset.folder = "~/sounds"')).dataset.folder == str(tmp_path / "sounds")


def test_settings_on_the_command_line_are_toml_or_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "spec.toml", 'dataset.folder = "/clips"')
    settings = ["features.num_mel_bins=20", "features.kind=log_mel", "model.filters=[8, 16]", "conversion.slim = false",
                'dataset.folder="here"', "model.strides=[[1,1]]", "name=a = b"]  # fmt: skip
    spec = load_spec(path, settings)
    assert (spec.features.num_mel_bins, spec.features.kind, spec.model.filters) == (20, "log_mel", (8, 16))
    assert not spec.conversion.slim
    assert spec.dataset.folder == str(tmp_path / "here")
    assert spec.name == "a = b"
    with pytest.raises(SpecError, match=r"num_mel_bins: must look like") as error:
        apply_settings({}, ["num_mel_bins", "=3"])
    assert len(error.value.problems) == 2


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("dataset.labels=go,stop", ["go", "stop"]),
        ("dataset.labels= go , stop", ["go", "stop"]),
        ("dataset.labels=go", ["go"]),
        ("dataset.labels=7,8", ["7", "8"]),
        ("dataset.labels=7", ["7"]),
        ('dataset.labels="go","stop, please"', ["go", "stop, please"]),
        ('dataset.labels="stop, please"', ["stop, please"]),
        ('dataset.labels=["go", "stop"]', ["go", "stop"]),
        ("dataset.labels=", []),
        ("model.filters=16, 32", [16, 32]),
        ("model.filters=16", [16]),
        ("model.kernels=5x3,3×3", [[5, 3], [3, 3]]),
        ("model.strides=2x2", [[2, 2]]),
    ],
)
def test_a_list_on_the_command_line_is_typed_as_one_types_it(setting, value):
    section, _, name = setting.partition("=")[0].partition(".")
    assert apply_settings({}, [setting])[section][name] == value


def test_every_list_of_every_task_is_read_so():
    for task, kind in SPECS.items():
        for name, section in sections(kind).items():
            for field, declaration in section.model_fields.items():
                if is_list(declaration):
                    values = apply_settings({"task": task}, [f"{name}.{field}=8,9"])
                    assert len(values[name][field]) == 2
    with pytest.raises(SpecError, match=r"model\.filters\.\S+: must be a whole number, is 'many'"):
        parse_spec(apply_settings({"dataset": {"folder": "/clips"}}, ["model.filters=8,many"]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[features\n", r"spec\.toml: not valid TOML: .*line 1"),
        ("[features]\nnum_mel_bin = 3\n", r"spec\.toml: .*features\.num_mel_bin: unknown field.*num_mel_bins"),
        ("features = 3\n", r"features: must be a table"),
        ("[dataset]\nfolder = 3\n", r"dataset\.folder: "),
    ],
)
def test_a_bad_spec_file_is_named_with_the_fault(tmp_path, text, said):
    with pytest.raises(SpecError, match=said):
        load_spec(write(tmp_path / "spec.toml", text))


def test_a_missing_or_binary_spec_file_is_named(tmp_path):
    with pytest.raises(SpecError, match=r"none\.toml: cannot be read.*check the path"):
        load_spec(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match=r"binary\.toml: not UTF-8"):
        load_spec(tmp_path / "binary.toml")


def test_a_grid_combines_every_value_and_names_what_varies():
    sweep = Sweep(BASE, {"features.num_mfccs": [10, 20], "model.width_multiplier": [0.25, 1.0, 0.5]})
    specs = sweep.expand()
    assert len(specs) == len({identity(spec) for spec in specs}) == 6
    assert specs[0].name == "base, num mfccs 10, width multiplier 0.25"
    assert {(spec.features.num_mfccs, spec.model.width_multiplier) for spec in specs} == {
        (mfccs, width) for mfccs in (10, 20) for width in (0.25, 0.5, 1.0)
    }


def test_combinations_that_are_the_same_trial_are_made_once():
    sweep = Sweep(BASE, {"pruning.schedule": ["none", "polynomial"], "pruning.final_sparsity": [0.5, 0.7]})
    assert len(sweep.expand()) == 3


def test_a_list_makes_one_trial_of_each_set_of_changes(tmp_path):
    write(tmp_path / "base.toml", 'name = "base"\n[dataset]\nfolder = "clips"\n')
    text = """
        base = "base.toml"
        [[trials]]
        name = "A"
        [[trials]]
        "model.family" = "ds_cnn"
        [[trials]]
        name = "C"
        model.width_multiplier = 0.25
        training.epochs = 3
    """
    specs = load_sweep(write(tmp_path / "sweep.toml", text), ["training.batch_size=50"]).expand()
    assert [spec.name for spec in specs] == ["A", "base, family ds_cnn", "C"]
    assert specs[2].training.epochs == 3
    assert {spec.training.batch_size for spec in specs} == {50}
    assert {spec.dataset.folder for spec in specs} == {str(tmp_path / "clips")}


def test_every_problem_of_a_sweep_is_told_at_once():
    with pytest.raises(SpecError) as error:
        Sweep(BASE, {"features.num_mfccs": [10, 50, 500], "model.colour": [1]}).expand()
    paths = [problem.path for problem in error.value.problems]
    assert paths.count("model.colour") == 1
    assert "features.num_mfccs" in paths


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[base]\n[axes]\n'features.num_mfccs' = 10\n", "features.num_mfccs: must be a list of values"),
        ("[base]\n", "nothing varies"),
        ("base = 3\n[axes]\na = [1]\n", "base: must name a TOML file"),
        ("[base]\n[axes]\na = [1]\n[[trials]]\nname = 'x'\n", "either .axes. or .*trials"),
        ("[base]\n[axis]\na = [1]\n", "axis: unknown"),
        ("axes = 3\n", "axes: must be a table of lists"),
        ("trials = 3\n", r"trials: must be .*tables"),
        ("[base]\n[axes]\n'training.seed' = []\n", "training.seed: must be a list of values"),
        ('base = "gone.toml"\n[axes]\na = [1]\n', r"gone\.toml: cannot be read"),
    ],
)
def test_a_bad_sweep_file_is_named_with_the_fault(tmp_path, text, said):
    path = write(tmp_path / "sweep.toml", text)
    with pytest.raises(SpecError, match=said) as error:
        load_sweep(path).expand()
    assert "sweep.toml" in str(error.value) or "gone.toml" in str(error.value)


def test_a_grid_without_end_is_refused():
    with pytest.raises(SpecError, match="has 10000 trials, at most 5000"):
        Sweep(BASE, {"training.seed": range(100), "split.seed": range(100)}).expand()
