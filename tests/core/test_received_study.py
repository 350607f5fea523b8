"""A study from anyone: nothing in it is opened through a link, and nothing written in it is taken on trust."""

import json
import os
import sys
from pathlib import Path

import pytest

from core.errors import StudyError
from core.experiment import runner
from core.experiment.recorder import Recorder
from core.experiment.store import Constraints, Study, TrialState
from core.files import open_plain, read_bounded, read_plain, replacing, require_plain_file
from core.json_text import load_json
from tests.core.studies import result, run_python, say, spec

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and FIFOs are POSIX's")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "users-own.txt"
    path.write_text("not for others")
    return path


OF_A_TRIAL = (
    "spec.json",
    "events.jsonl",
    "result.json",
    "log.txt",
    "model.tflite",
    "model.tflite.zip",
    "detection.json",
    "preprocessing.json",
    "forecasts.npz",
    ".lock",
    "checkpoint/training.npz",
)


@pytest.mark.parametrize("name", OF_A_TRIAL)
def test_no_file_of_a_trial_is_opened_through_a_link(study, secret, name):
    trial = study.add(spec())
    folder = study.folder_of(trial)
    link = folder / name
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(secret)
    fresh = Study.open(study.folder)
    shown = fresh.summary(trial)
    assert shown.state is TrialState.FAILED
    assert f"{link} is a symbolic link, so it is not opened" in shown.message
    with pytest.raises(StudyError, match="is a symbolic link"):
        runner.run(fresh, trial)
    assert secret.read_text() == "not for others"
    fresh.delete(trial)
    assert fresh.summaries() == []


def test_what_says_a_trial_writes_through_no_link_either(tmp_path, secret):
    (tmp_path / "log.txt").symlink_to(secret)
    with (
        pytest.raises(StudyError, match=r"could not be written \(is a symbolic link, not a file\)"),
        Recorder(tmp_path, lambda event: None),
    ):
        pass
    assert secret.read_text() == "not for others"


@pytest.mark.parametrize("name", ["log.txt", "result.json", "model.tflite", ".lock", "spec.json"])
def test_a_fifo_in_a_trial_is_waited_for_by_nobody(study, name):
    trial = study.add(spec())
    path = study.folder_of(trial) / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    assert "is a FIFO, so it is not opened" in Study.open(study.folder).summary(trial).message
    with pytest.raises(StudyError, match="is a FIFO"):
        study.folder_of(trial)


def test_a_device_is_known_before_it_is_opened():
    with pytest.raises(OSError, match="is a device, not a file"):
        open_plain(Path("/dev/null"))


@pytest.mark.parametrize("name", ["trials", ".trash"])
def test_a_study_whose_trials_lie_elsewhere_is_not_opened(study, tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    if (study.folder / name).exists():
        (study.folder / name).rename(elsewhere)
    else:
        elsewhere.mkdir()
    (study.folder / name).symlink_to(elsewhere)
    with pytest.raises(StudyError, match="is a symbolic link"):
        Study.open(study.folder)


def test_a_trial_that_is_a_link_itself_is_shown_and_left_alone(study, tmp_path):
    name = study.add(spec())
    study.folder_of(name).rename(tmp_path / name)
    (study.folder / "trials" / name).symlink_to(tmp_path / name)
    fresh = Study.open(study.folder)
    assert "is a symbolic link" in fresh.summary(name).message
    with pytest.raises(StudyError, match="is a symbolic link"):
        fresh.spec(name)


@pytest.mark.parametrize("name", ["study.json", ".index.json", ".lock"])
def test_no_file_of_a_study_is_opened_through_a_link(study, secret, name):
    trial = study.add(spec())
    path = study.folder / name
    path.unlink(missing_ok=True)
    path.symlink_to(secret)
    fresh = Study.open(study.folder)
    assert [summary.name for summary in fresh.summaries()] == [trial]
    if name == ".lock":
        with pytest.raises(StudyError, match="is a symbolic link"):
            fresh.set_reference(trial)
    else:
        fresh.set_reference(trial)
    assert secret.read_text() == "not for others"


def test_the_study_itself_may_be_reached_through_a_link(study, tmp_path):
    name = study.add(spec())
    link = tmp_path / "studies"
    link.symlink_to(study.folder, target_is_directory=True)
    linked = Study.open(link)
    assert linked.spec(name) == spec()
    linked.set_reference(name)
    assert Study.open(study.folder).reference == name


WRONG = {
    "schema": [None, "1", [], {}, 1.5],
    "name": [7, [], None, "\ud800", "a\0b"],
    "reference": [[], {}, 3, "no such trial"],
    "constraints": [
        [1],
        {"accuracy_min": "much"},
        {"accuracy_min": float("inf")},
        {"zip_bytes_max": float("nan")},
        {"zip_bytes_max": -1},
        {"mae_max": []},
        {"mae_max": {"T": "x"}},
        {"unknown": 1},
    ],
}


@pytest.mark.parametrize(("field", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_wrong_types_in_a_study_file_are_its_defaults(study, field, value):
    trial = study.add(spec())
    path = study.folder / "study.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    fresh = Study.open(study.folder)
    assert isinstance(fresh.name, str) and fresh.reference is None
    assert fresh.constraints == Constraints() or fresh.constraints.bounds() == {}
    fresh.set_reference(trial)
    assert Study.open(study.folder).reference == trial


def test_a_huge_file_of_events_is_damaged(study):
    trial = study.add(spec())
    with (study.folder_of(trial) / "events.jsonl").open("wb") as file:
        file.truncate(HUGE)
    shown = Study.open(study.folder).summary(trial)
    assert shown.state is TrialState.FAILED and "events.jsonl is damaged" in shown.message
    assert study.events(trial) == []


DEEP = b"[" * 200_000
HUGE = 3 * 1024**3


@pytest.mark.parametrize("name", ["study.json", ".index.json"])
def test_deep_or_huge_files_of_a_study_cost_what_stood_in_them(study, name):
    trial = study.add(spec())
    for content in (DEEP, b'{"schema": 1, "name": ' + DEEP):
        (study.folder / name).write_bytes(content)
        assert [summary.name for summary in Study.open(study.folder).summaries()] == [trial]
    with (study.folder / name).open("wb") as file:
        file.truncate(HUGE)
    assert [summary.name for summary in Study.open(study.folder).summaries()] == [trial]


@pytest.mark.parametrize("name", ["spec.json", "result.json", "events.jsonl"])
@pytest.mark.parametrize("content", [DEEP, b'{"schema": 1, "created_s": 1' + b"0" * 400 + b', "spec": {}}', b"\0" * 99])
def test_damaged_files_of_a_trial_are_shown(study, name, content):
    trial = study.add(spec())
    (study.folder_of(trial) / name).write_bytes(content + b"\n")
    shown = Study.open(study.folder).summary(trial)
    assert shown.state is TrialState.FAILED and shown.message
    assert study.events(trial) == []


def _changed(**quality) -> bytes:
    values = json.loads(result().model_dump_json())
    values["quality"] |= quality
    return json.dumps(values).encode()


def _of_hours(number: int) -> dict[str, object]:
    errors = {"by_horizon": [0.5], "by_hour": [0.5] * number}
    return {"name": "t", "unit": "°C", "file": errors, "persistence": errors, "linear": errors}


@pytest.mark.parametrize(
    "content",
    [
        _changed(confusion=[]),
        _changed(confusion=[[0, 0], [0, 0]]),
        _changed(confusion=[[1, 2, 3], [4, 5, 6]]),
        _changed(confusion=[[-5, 5], [5, 5]]),
        _changed(per_label=[]),
        _changed(kind="forecast", quantities=[], step_minutes=10, num_windows=3),
        _changed(kind="forecast", quantities=[_of_hours(23)], step_minutes=10, num_windows=3),
        result().model_dump_json().replace('"zip_bytes":5000', '"zip_bytes":-1').encode(),
        result().model_dump_json().replace('"total":{"median_ms":1.0', '"total":{"median_ms":1e999').encode(),
    ],
)
def test_a_result_that_can_be_none_is_damaged(study, content):
    trial = study.add(spec())
    (study.folder_of(trial) / "result.json").write_bytes(content)
    shown = Study.open(study.folder).summary(trial)
    assert shown.state is TrialState.FAILED and "result.json is damaged" in shown.message


def test_an_index_of_wrong_values_is_not_believed(study):
    trial = study.add(spec())
    (study.folder_of(trial) / "result.json").write_text(result().model_dump_json())
    os.utime(study.folder_of(trial), (1, 1))
    expected = Study.open(study.folder).summaries()
    index = study.folder / ".index.json"
    kept = json.loads(index.read_text())
    for place in range(len(kept[0])):
        for wrong in (
            {"a": 1},
            [[1]],
            5 if isinstance(kept[1][0][2][place], str) else "x",
        ):
            changed = json.loads(index.read_text())
            changed[1][0][2][place] = wrong
            index.write_text(json.dumps(changed))
            assert Study.open(study.folder).summaries() == expected
            index.write_text(json.dumps(kept))


def test_a_trial_whose_first_word_found_no_room_has_failed(study):
    trial = study.add(spec())
    assert study.summary(trial).state is TrialState.QUEUED
    output, _ = run_python(NO_ROOM, study.folder, trial).communicate()
    assert "no room left on the disk" in output
    shown = Study.open(study.folder).summary(trial)
    assert shown.state is TrialState.FAILED and "most often because the disk was full" in shown.message
    say(study, trial, *[])
    assert (study.folder_of(trial) / "events.jsonl").stat().st_size == 0


NO_ROOM = """
    import resource, signal, sys
    from core.errors import WorkbenchError
    from core.experiment import runner
    from core.experiment.store import Study
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    study = Study.open(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        runner.run(study, sys.argv[2])
    except WorkbenchError as error:
        sys.stdout.flush()
        sys.stderr.write("")
        print(error)
"""


def test_a_large_file_is_refused_by_its_size_and_a_pipe_by_what_came(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(1001)
    for read in (read_plain, read_bounded):
        assert read(path, 1001) == bytes(1001)
        with pytest.raises(OSError, match="larger than"):
            read(path, 1000)


def test_a_file_that_is_replaced_was_never_written_through_its_link(tmp_path, secret):
    link = tmp_path / "link.json"
    link.symlink_to(secret)
    with replacing(link) as file:
        assert Path(file.name).suffix == ".json"
        file.write(b"new")
    assert not link.is_symlink() and link.read_text() == "new"
    assert secret.read_text() == "not for others"
    require_plain_file(link)
    with pytest.raises(RuntimeError), replacing(link):
        raise RuntimeError
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.json", "users-own.txt"]


@pytest.mark.parametrize(
    "content",
    [b"NaN", b"1e999", b"-Infinity", DEEP, b"[" * 66 + b"]" * 66, b'"\\ud800"', b'"\\u0000"', '"\ud800"', b"\xff"],
)
def test_json_that_nothing_could_be_done_with_is_refused(content):
    with pytest.raises(ValueError):
        load_json(content)


def test_json_of_every_day_is_read():
    values = {"a": [1.5, 1e308, True, None, "é\udc80"], "deep": json.loads("[" * 60 + "]" * 60)}
    assert load_json(json.dumps(values)) == values
