"""The command line without a worker: help, usage, specs, and what is read from a study's files."""

import csv
import io
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.errors import WorkbenchError
from core.experiment.store import Study
from core.results import Classification, Footprint, LabelScore, Latency, Timing, TrialResult
from core.spec import parse_spec
from tests.core.test_layouts import edge_impulse
from workbench import worker_process
from workbench.__main__ import main
from workbench.cli import app

ROOT = Path(__file__).parents[2]
COMMANDS = (
    ["quickstart"], ["train"], ["sweep"], ["search"], ["resume"], ["finalize"], ["remeasure"], ["trials"], ["show"],
    ["constrain"], ["pareto"], ["export"], ["evaluate"], ["benchmark"], ["forecast"], ["classify"], ["detect"],
    ["listen"], ["record"], ["synthesize"], ["data", "check"], ["data", "download"], ["data", "synthesize"],
)  # fmt: skip


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def timing(median_ms):
    return Timing(median_ms=median_ms, p90_ms=1.1 * median_ms, p99_ms=1.5 * median_ms, num_runs=50, warmup_runs=5)


def make_result(right, zip_bytes, total_ms, *, synthetic=False):
    latency = Latency(
        device="bench", num_threads=1, feature=timing(0.1), inference=timing(total_ms - 0.1), total=timing(total_ms)
    )
    wrong = 50 - right
    scores = tuple(
        LabelScore(label=label, num_clips=50, precision=right / 50, recall=right / 50) for label in ("go", "up")
    )
    return TrialResult(
        quality=Classification(labels=("go", "up"), confusion=((right, wrong), (wrong, right)), per_label=scores),
        footprint=Footprint(
            tflite_bytes=2 * zip_bytes,
            zip_bytes=zip_bytes,
            full_tflite_bytes=2 * zip_bytes,
            params=1234,
            nonzero_params=1000,
            macs=5678,
            peak_ram_bytes=4096,
        ),
        latencies=(latency,),
        validation_accuracy=0.9,
        training_seconds=1,
        num_training_clips=300,
        synthetic=synthetic,
    )


@pytest.fixture
def study(tmp_path):
    """Three finished trials, of which C is beaten by B in everything, and a queued one."""
    made = Study.create(tmp_path / "study")
    figures = ((45, 9000, 1.0), (40, 3000, 0.5), (39, 4000, 0.8))
    for number, (right, zip_bytes, total_ms) in enumerate(figures):
        name = made.add(spec(f"trial {number}", seed=number))
        content = make_result(right, zip_bytes, total_ms, synthetic=number == 1).model_dump_json()
        (made.folder_of(name) / "result.json").write_text(content, encoding="utf-8")
    made.add(spec("waiting", seed=9))
    made.refresh()
    made.set_reference(made.find("A"))
    return made


def spec(name, seed):
    return parse_spec(
        {"name": name, "dataset": {"folder": "/clips", "labels": ["go", "up"]}, "training": {"seed": seed}}
    )


@pytest.mark.parametrize("command", [[], *COMMANDS], ids=lambda command: " ".join(command) or "workbench")
def test_help_explains_each_command(command):
    shown = run(*command, "--help")
    assert shown.exit_code == 0
    assert "Usage:" in shown.output
    assert not command or ("Example: workbench" in shown.output and "--json" in shown.output)


def test_help_loads_neither_qt_nor_numpy_nor_tensorflow():
    code = (
        "import sys\nfrom workbench.cli import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('PySide6', 'numpy', 'tensorflow') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr.strip() == "[]"


def test_listing_trials_does_not_load_qt_or_tensorflow(study):
    code = (
        "import sys\nfrom workbench.cli import app\n"
        f"try: app(['trials', {str(study.folder)!r}])\nexcept SystemExit: pass\n"
        "print([name for name in ('PySide6', 'tensorflow', 'pyqtgraph') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr.strip() == "[]"


def test_unknown_command_is_bad_usage():
    assert run("frobnicate").exit_code == 2


def test_every_problem_of_a_spec_stands_on_its_own_line_with_its_path(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(
        '[dataset]\nfolder = "clips"\ntypo = 1\n'
        "[features]\nsample_rate = 8000\nupper_edge_hertz = 7000.0\nnum_mfccs = 40\nnum_mel_bins = 20\n"
        '[training]\nepochs = "many"\n',
        encoding="utf-8",
    )
    failed = run("train", path, "--study", tmp_path / "study")
    lines = failed.stderr.splitlines()
    assert failed.exit_code == 2
    assert failed.stdout == ""
    for field in ("dataset.typo", "features.upper_edge_hertz", "features.num_mfccs", "training.epochs"):
        assert len([line for line in lines if f"{field}: " in line]) == 1, field
    assert all(str(path) in line for line in lines)
    assert not (tmp_path / "study").exists()


def test_a_spec_without_data_says_which_field_is_missing(tmp_path):
    failed = run("train", ROOT / "resources/specs/go-stop-tiny.toml", "--study", tmp_path / "study")
    assert failed.exit_code == 2
    assert "dataset.folder: " in failed.stderr


def test_problems_of_a_spec_are_one_json_document_when_asked(tmp_path):
    starter = ROOT / "resources/specs/go-stop-tiny.toml"
    arguments = ("--data", tmp_path, "--set", "training.epochs=0", "--set", "model.width=2", "--json")
    failed = run("train", starter, "--study", tmp_path / "study", *arguments)
    document = json.loads(failed.stdout)
    assert failed.exit_code == 2
    assert [problem["path"] for problem in document["problems"]] == ["model.width", "training.epochs"]


@pytest.mark.parametrize("setting", ["epochs", "=3", "name.deeper=3"])
def test_a_setting_that_is_none_is_refused(tmp_path, setting):
    starter = ROOT / "resources/specs/go-stop-tiny.toml"
    failed = run("train", starter, "--study", tmp_path / "study", "--data", tmp_path, "--set", setting)
    assert failed.exit_code == 2
    assert setting.partition("=")[0] in failed.stderr


@pytest.mark.parametrize("content", [None, b"no toml at all", b"\xff\xfe", b"dataset = 3\n"])
def test_a_file_that_is_no_spec_is_named(tmp_path, content):
    path = tmp_path / "spec.toml"
    if content is not None:
        path.write_bytes(content)
    failed = run("train", path, "--study", tmp_path / "study")
    assert failed.exit_code == 2
    assert "spec.toml" in failed.stderr


def test_a_sweep_with_nothing_to_vary_is_refused(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text('[base.dataset]\nfolder = "clips"\n', encoding="utf-8")
    failed = run("sweep", path, "--study", tmp_path / "study")
    assert failed.exit_code == 2
    assert "axes: " in failed.stderr


@pytest.mark.parametrize(
    "command", [("trials",), ("show",), ("pareto",), ("export",), ("resume",), ("finalize",), ("remeasure",)]
)
def test_a_folder_that_is_no_study_fails(tmp_path, command):
    more = {
        "show": ["A"],
        "export": ["A"],
        "resume": ["A"],
        "finalize": ["A"],
        "pareto": ["--out", tmp_path / "x.png"],
    }.get(command[0], [])
    failed = run(*command, tmp_path, *more)
    assert failed.exit_code == 1
    assert f"{tmp_path} is not a study" in failed.stderr


def test_trials_are_a_table_with_marks_of_truth(study):
    shown = run("trials", study.folder)
    assert shown.exit_code == 0
    row = next(line for line in shown.stdout.splitlines() if "trial 1" in line)
    assert "80.0 ± " in row and "2.93" in row and "*" in row
    assert "* synthetic clips" in shown.stdout
    assert "queued" in shown.stdout


def test_a_trial_on_all_clips_says_whose_accuracy_it_shows(study, qapp):
    origin = study.find("A")
    name = study.add(spec("final", seed=7))
    result = make_result(45, 800, 0.1).model_copy(update={"origin": origin})
    (study.folder_of(name) / "result.json").write_text(result.model_dump_json(), encoding="utf-8")
    study.refresh()
    explained = "◇ trained on every clip: accuracy of the trial it came from"
    shown = run("trials", study.folder).stdout
    assert "◇" in next(line for line in shown.splitlines() if "final" in line)
    assert explained in " ".join(shown.split())
    assert explained in run("show", study.folder, "final").stdout
    document = json.loads(run("trials", study.folder, "--json").stdout)
    found = {trial["title"]: trial for trial in document["trials"]}
    assert (found["final"]["origin"], found["final"]["on_front"]) == (origin, False)
    assert found["trial 0"]["on_front"]
    assert json.loads(run("show", study.folder, "final", "--json").stdout)["result"]["origin"] == origin
    drawn = json.loads(run("pareto", study.folder, "--out", study.folder / "front.svg", "--json").stdout)
    assert {point["title"]: point["origin"] for point in drawn["trials"]}["final"] == origin
    failed = run("finalize", study.folder, "final")
    assert (failed.exit_code, "trained on all clips already" in failed.stderr) == (1, True)


def test_trials_as_json(study):
    document = json.loads(run("trials", study.folder, "--json").stdout)
    assert [trial["letter"] for trial in document["trials"]] == ["A", "B", "C", "D"]
    assert [trial["on_front"] for trial in document["trials"]] == [True, True, False, False]
    first = document["trials"][0]
    assert (first["accuracy"], first["balanced_accuracy"], first["largest_share"]) == (0.9, 0.9, 0.5)
    assert document["trials"][0]["latencies"][0]["total_ms"] == 1.0
    assert document["reference"] == study.reference


def test_trials_as_csv(study):
    rows = list(csv.DictReader(io.StringIO(run("trials", study.folder, "--csv").stdout)))
    assert [row["letter"] for row in rows] == ["A", "B", "C", "D"]
    assert (rows[1]["zip_bytes"], rows[1]["total_ms"], rows[1]["synthetic"]) == ("3000", "0.5", "True")
    assert (rows[0]["accuracy"], rows[0]["balanced_accuracy"], rows[0]["largest_share"]) == ("0.9", "0.9", "0.5")
    assert (rows[3]["state"], rows[3]["accuracy"]) == ("queued", "")


def test_json_and_csv_exclude_each_other(study):
    assert run("trials", study.folder, "--json", "--csv").exit_code == 2


@pytest.mark.parametrize("wanted", ["B", "b", "2", "trial 1"])
def test_show_finds_a_trial_by_letter_number_or_title(study, wanted):
    document = json.loads(run("show", study.folder, wanted, "--json").stdout)
    assert document["letter"] == "B"
    assert document["differs_from_reference"] == {"training.seed": {"here": 1, "there": 0}}
    assert document["result"]["footprint"]["zip_bytes"] == 3000


def test_show_draws_labels_confusion_and_differences(study):
    shown = run("show", study.folder, "B").stdout
    assert "80.0 ± " in shown and "80 of 100 clips" in shown
    assert "on synthetic clips" in shown
    assert "precision %" in shown and "true \\ predicted" in shown
    assert "training seed" in shown


def test_show_of_an_unknown_trial_names_those_there_are(study):
    failed = run("show", study.folder, "Z")
    assert failed.exit_code == 1
    assert "A, B, C, D" in failed.stderr


@pytest.mark.parametrize("x", ["size", "latency"])
def test_pareto_draws_png_and_svg(study, tmp_path, x, qapp):
    png, svg = tmp_path / "front.png", tmp_path / "front.svg"
    assert run("pareto", study.folder, "--x", x, "--out", png).exit_code == 0
    document = json.loads(run("pareto", study.folder, "--x", x, "--out", svg, "--json").stdout)
    assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and png.stat().st_size > 5000
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    assert [point["on_front"] for point in document["trials"]] == [True, True, False]


def test_pareto_of_nothing_and_of_another_format_fail(tmp_path, study):
    empty = Study.create(tmp_path / "empty")
    nothing = run("pareto", empty.folder, "--out", tmp_path / "x.png")
    assert (nothing.exit_code, "no finished trial" in nothing.stderr) == (1, True)
    assert run("pareto", study.folder, "--out", tmp_path / "x.jpg").exit_code == 2


def test_without_a_display_the_quick_start_runs_instead(tmp_path, monkeypatch, capsys):
    def fail(intention, show):
        raise WorkbenchError(f"asked for {intention.intention} in {intention.study}")

    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker_process, "run_job", fail)
    monkeypatch.setattr(sys, "argv", ["workbench"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert said.startswith("No display") and said.index("\n") < said.index("error:")
    assert f"asked for quickstart in {tmp_path / 'studies' / 'quickstart'}" in said


def test_what_the_system_refuses_is_a_sentence():
    refused = run("data", "check", "x" * 5000)
    assert refused.exit_code == 1 and isinstance(refused.exception, SystemExit)
    assert "File name too long; check the path" in refused.stderr or "is not a folder" in refused.stderr


def test_names_can_do_nothing_to_a_terminal(tmp_path):
    study = Study.create(tmp_path / "study", "x\x1b]0;title\x07 [red]x[/red]")
    study.add(parse_spec({"name": "[bold]go\x1b[2J\u202e", "dataset": {"folder": "/clips"}}))
    for arguments in (("trials", study.folder), ("show", study.folder, "A"), ("constrain", study.folder)):
        done = run(*arguments)
        assert done.exit_code == 0
        assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout + done.stderr)
        assert r"[bold]go\x1b[2J\u202e" in done.stdout
    assert r"x\x1b]0;title\x07 [red]x[/red]" in run("trials", study.folder).stdout


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("waveform", "choose another kind to train"), ("micro_frontend", 'pip install "tinyml-workbench[micro]"')],
)
def test_features_that_cannot_be_trained_on_are_said_before_there_is_a_trial(
    tone_clips, tmp_path, monkeypatch, kind, sentence
):
    monkeypatch.setitem(sys.modules, "pymicro_features", None)
    (tmp_path / "spec.toml").write_text('task = "keyword_spotting"\n', encoding="utf-8")
    asked = ("--study", tmp_path / "study", "--data", tone_clips, "--set", f"features.kind={kind}")
    done = run("train", tmp_path / "spec.toml", *asked)
    assert done.exit_code == 2
    assert "features.kind: " in done.stderr
    assert sentence in " ".join(done.stderr.split())
    assert not (tmp_path / "study").exists()


def test_what_was_understood_of_a_folder_is_said_and_can_be_corrected(tmp_path):
    edge_impulse(tmp_path)
    shown = run("data", "check", tmp_path).stdout
    assert "An export of Edge Impulse: labels and parts are those of info.labels." in shown
    assert "Parts: training 12, test 6" in shown
    report = json.loads(run("data", "check", tmp_path, "--json").stdout)
    assert (report["layout"], report["parts"]) == ("edge_impulse", {"train": 12, "test": 6})
    corrected = json.loads(run("data", "check", tmp_path, "--layout", "folders", "--json").stdout)
    assert [label["label"] for label in corrected["labels"]] == ["testing", "training"]
    told = json.loads(run("data", "check", tmp_path, "--speaker-pattern", r"\.(\d+)ab", "--json").stdout)
    assert (report["num_speakers"], told["num_speakers"]) == (0, 9)
    refused = run("data", "check", tmp_path, "--speaker-pattern", "(")
    assert (refused.exit_code, "is not a regular expression" in refused.stderr) == (2, True)
    refused = run("data", "check", tmp_path, "--layout", "table")
    assert (refused.exit_code, "has no CSV or TSV file" in refused.stderr) == (1, True)
