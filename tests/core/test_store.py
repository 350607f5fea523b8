"""A study of real folders: what survives damage, a kill and a second process."""

import os
import shutil
import signal

import pytest

from core.errors import SpecError, StudyError
from core.events import StageStarted, TrialFailed, TrialStarted, TrialStopped, Warned
from core.experiment import trial_folder
from core.experiment.index import read_index
from core.experiment.store import Constraints, Study, TrialState, letter_of
from core.spec import Training, identity
from tests.core.studies import epoch, result, run_python, say, spec

HOLD = """
    import sys
    from filelock import FileLock
    with FileLock(sys.argv[1] + "/.lock"):
        print("held", flush=True)
        sys.stdin.read()
"""


def test_trials_are_numbered_lettered_and_named_by_identity(study):
    names = [study.add(spec(name="Grün")), study.add(spec())]
    assert names == [f"000{number}-{identity(spec())}" for number in (1, 2)]
    first, second = study.summaries()
    assert (first.number, first.letter, first.title, first.state) == (1, "A", "Grün", TrialState.QUEUED)
    assert second.letter == "B"
    assert study.spec(names[0]) == spec(name="Grün")
    assert [letter_of(number) for number in (26, 27, 52, 53, 703)] == ["Z", "AA", "AZ", "BA", "AAA"]


def test_everything_is_there_after_opening_again(study):
    name = study.add(spec())
    (study.folder_of(name) / "result.json").write_text(result().model_dump_json())
    study.refresh()
    study.set_reference(name)
    study.set_constraints(Constraints(accuracy_min=0.9, zip_bytes_max=10_240))
    again = Study.open(study.folder)
    assert again.name == "Größe"
    assert again.reference == name
    assert again.constraints == Constraints(accuracy_min=0.9, zip_bytes_max=10_240)
    assert again.summaries() == study.summaries()
    found = again.summary(name)
    assert (found.accuracy, found.num_test_clips, found.zip_bytes) == (0.9, 100, 5000)
    assert found.accuracy_low < 0.9 < found.accuracy_high
    assert again.result(name) == result()


def test_states_follow_from_the_files(study):
    name = study.add(spec())
    say(study, name, TrialStarted(), Warned(message="a random split"), epoch(1, 0.25), TrialStopped())
    assert study.refresh() == {name}
    assert study.summary(name).state is TrialState.CANCELLED
    assert study.summary(name).validation_accuracy == 0.25
    assert study.summary(name).warnings == ("a random split",)
    say(study, name, TrialStarted(resumed=True), TrialFailed(message="the disk is full"))
    assert study.refresh() == {name}
    assert (study.summary(name).state, study.summary(name).message) == (TrialState.FAILED, "the disk is full")
    (study.folder_of(name) / "result.json").write_text(result().model_dump_json())
    assert study.refresh() == {name}
    assert study.summary(name).state is TrialState.FINISHED
    assert [event.kind for event in study.events(name)][:3] == ["trial_started", "warned", "epoch_ended"]


def test_a_trial_runs_as_long_as_its_process_lives(study):
    name = study.add(spec())
    process = run_python(HOLD, study.folder_of(name))
    assert process.stdout.readline() == "held\n"
    say(study, name, TrialStarted(), epoch(3))
    study.refresh()
    assert study.summary(name).state is TrialState.RUNNING
    with pytest.raises(StudyError, match="cancel it before"):
        study.delete(name)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert study.refresh() == {name}
    assert study.summary(name).state is TrialState.FAILED
    assert "after epoch 3 of 9" in study.summary(name).message
    assert Study.open(study.folder).summary(name) == study.summary(name)


def test_a_line_cut_by_a_kill_is_passed_over(study):
    name = study.add(spec())
    say(study, name, TrialStarted())
    with (study.folder_of(name) / "events.jsonl").open("a") as file:
        file.write('{"kind": "epoch_en')
    say(study, name, StageStarted(stage="train"), epoch(2))
    study.refresh()
    assert "after epoch 2 of 9" in study.summary(name).message
    assert [event.kind for event in study.events(name)] == ["trial_started", "epoch_ended"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "is missing"),
        ('{"schema": 1, "spec": {"na', "is damaged"),
        ("[]", "is not the spec of a trial"),
        ('{"schema": 99, "spec": {}}', "newer version"),
        ('{"schema": 1, "created_s": 1, "spec": {"task": "cooking", "name": ""}}', "is not the spec of a trial"),
        (
            '{"schema": 1, "created_s": 1, "spec": {"task": "keyword_spotting", "name": "", "sauce": 1}}',
            "is not the spec",
        ),
    ],
)
def test_a_damaged_trial_is_shown_and_hides_no_other(study, content, said):
    names = [study.add(spec()) for _ in range(3)]
    path = study.folder_of(names[1]) / "spec.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    for seen in (Study.open(study.folder), study):
        seen.refresh()
        states = [trial.state for trial in seen.summaries()]
        assert states == [TrialState.QUEUED, TrialState.FAILED, TrialState.QUEUED]
        assert said in seen.summary(names[1]).message
        assert str(path) in seen.summary(names[1]).message
    study.delete(names[1])
    assert [trial.name for trial in study.summaries()] == [names[0], names[2]]


def test_a_damaged_result_is_named(study):
    name = study.add(spec())
    (study.folder_of(name) / "result.json").write_text(result().model_dump_json()[:200])
    study.refresh()
    assert study.summary(name).state is TrialState.FAILED
    with pytest.raises(StudyError, match=r"result\.json is damaged; delete that file"):
        study.result(name)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'[["name"], [[1, 2, ["0001-x"]]]]', b"[1]"])
def test_a_damaged_index_is_rebuilt(study, content):
    study.add(spec())
    expected = study.summaries()
    index = Study.open(study.folder).folder / ".index.json"
    assert index.exists()
    index.write_bytes(content)
    assert Study.open(study.folder).summaries() == expected
    assert [summary for summary, _ in read_index(study.folder)] == expected


def test_a_damaged_study_file_costs_only_what_stood_in_it(study):
    name = study.add(spec())
    (study.folder / "study.json").write_text("{")
    again = Study.open(study.folder)
    assert [trial.name for trial in again.summaries()] == [name]
    assert "study.json is damaged" in again.warning
    again.set_reference(name)
    assert Study.open(study.folder).reference == name


def test_deleting_can_be_undone(study):
    names = [study.add(spec()) for _ in range(2)]
    study.set_reference(names[1])
    study.delete(names[1])
    assert [trial.name for trial in study.summaries()] == names[:1]
    assert study.reference is None
    assert study.add(spec()).startswith("0003-")
    study.restore(names[1])
    assert [trial.number for trial in study.summaries()] == [1, 2, 3]
    assert study.reference == names[1]
    with pytest.raises(StudyError, match="cannot be brought back"):
        study.restore(names[0])


def test_a_rename_is_kept_in_the_spec_alone(study):
    name = study.add(spec())
    created_s = study.summary(name).created_s
    study.rename(name, "schmal & tief")
    assert study.spec(name).name == study.summary(name).title == "schmal & tief"
    assert study.summary(name).created_s == created_s
    assert trial_folder.read_spec(study.folder_of(name)).name == "schmal & tief"
    with pytest.raises(SpecError, match="name"):
        study.rename(name, "x" * 81)


def test_trials_are_found_by_what_people_call_them(study):
    names = [study.add(spec(name="first")), study.add(spec(training=Training(epochs=3)))]
    for text in ("A", "a", "1", "first", names[0], "0001"):
        assert study.find(text) == names[0]
    with pytest.raises(StudyError, match=r"no trial of .* called 'Z'.*: A, B"):
        study.find("Z")


def test_savings_are_only_against_the_reference_of_today(study):
    names = [study.add(spec()) for _ in range(2)]
    content = result(total_ms=1.0, reference=names[0], reference_total_ms=4.0).model_dump_json()
    (study.folder_of(names[1]) / "result.json").write_text(content)
    study.refresh()
    study.set_reference(names[0])
    assert study.summary(names[1]).latencies[0].saving == 0.75
    study.set_reference(names[1])
    assert study.summaries()[1].latencies[0].saving is None


def test_a_second_window_sees_what_the_first_did(study):
    other = Study.open(study.folder)
    name = study.add(spec())
    study.set_constraints(Constraints(total_ms_max=5))
    assert other.refresh() == {name}
    assert other.constraints.total_ms_max == 5
    assert other.refresh() == set()
    study.delete(name)
    assert other.refresh() == {name}
    assert other.summaries() == []


def test_what_a_second_window_changes_within_the_grain_of_the_clock_is_seen(study, monkeypatch):
    other = Study.open(study.folder)
    study.set_constraints(Constraints(total_ms_max=5))
    other.refresh()
    mtime_ns = (study.folder / "study.json").stat().st_mtime_ns
    study.set_constraints(Constraints(total_ms_max=7))
    os.utime(study.folder / "study.json", ns=(mtime_ns, mtime_ns))
    monkeypatch.setattr("core.experiment.store.time.time_ns", lambda: mtime_ns + 10**9)
    other.refresh()
    assert other.constraints.total_ms_max == 7


def test_two_processes_adding_at_once_never_share_a_number(study):
    code = """
        import sys
        from core.experiment.store import Study
        from core.spec import Dataset, KeywordSpottingSpec, Training
        study = Study.open(sys.argv[1])
        sys.stdin.readline()
        for epochs in range(1, 16):
            training = Training(epochs=epochs, seed=int(sys.argv[2]))
            study.add(KeywordSpottingSpec(dataset=Dataset(folder="/x"), training=training))
    """
    processes = [run_python(code, study.folder, seed) for seed in (1, 2)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0] for process in processes] == ["", ""]
    assert [process.returncode for process in processes] == [0, 0]
    study.refresh()
    assert [trial.number for trial in study.summaries()] == list(range(1, 31))
    assert len({trial.identity for trial in study.summaries()}) == 30


def test_what_is_no_study_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(StudyError, match=r"is not a study.*choose another folder"):
        Study.open(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match=r"file could not be written|file may not be written"):
        Study.create(tmp_path / "file")
    Study.create(tmp_path / "new")
    with pytest.raises(StudyError, match="already holds a study; open it"):
        Study.create(tmp_path / "new")
    assert Study.open_or_create(tmp_path / "new").summaries() == []


def test_foreign_files_among_the_trials_are_ignored(study):
    name = study.add(spec())
    (study.folder / "trials" / "notes.txt").write_text("")
    (study.folder / "trials" / "0009-file").write_text("")
    (study.folder / "trials" / "old").mkdir()
    assert [trial.name for trial in Study.open(study.folder).summaries()] == [name]


def test_thousands_of_trials_are_read_from_the_index(study):
    name = study.add(spec())
    (study.folder_of(name) / "result.json").write_text(result().model_dump_json())
    for number in range(2, 400):
        shutil.copytree(study.folder_of(name), study.folder / "trials" / f"{number:04d}-{number:012x}")
    first = Study.open(study.folder)
    again = Study.open(study.folder)
    assert len(again.summaries()) == 399
    assert again.summaries() == first.summaries()
    late = study.folder / "trials" / "0300-00000000012c"
    (late / "result.json").unlink()
    assert first.refresh() == {late.name}
    assert Study.open(study.folder).summary(late.name).state is TrialState.QUEUED
