"""What is said of a trial, without any Qt."""

from core.experiment.marks import CONTENDED, SHARED_VOICES, SYNTHETIC, accuracy_marks, latency_marks
from core.experiment.store import Constraints
from workbench.trials.facts import Differences, compare_specs, limits_of

from .conftest import make_latency, make_result, make_spec


def test_limits_are_told_one_by_one_and_unmeasured_is_not_met(maker):
    done = maker.study.summary(maker.finished("G", make_result(390, 400, 12, 3)))
    waiting = maker.study.summary(maker.queued())
    wanted = Constraints(accuracy_min=0.95, zip_bytes_max=10 * 1024, total_ms_max=5)
    assert [(limit.words, limit.figure, limit.met) for limit in limits_of(done, wanted)] == [
        ("accuracy ≥ 95 %", "97.5 %", True),
        ("zip ≤ 10 kB", "12.0 kB", False),
        ("total ≤ 5 ms", "3.00 ms", True),
    ]
    assert [limit.met for limit in limits_of(waiting, wanted)] == [None, None, None]
    assert not wanted.met_by(done)
    assert Constraints(zip_bytes_max=12 * 1024).met_by(done)
    assert not Constraints(accuracy_min=0.1).met_by(waiting)
    assert Constraints().met_by(waiting)


def test_numbers_that_flatter_are_marked(maker):
    result = make_result(
        synthetic=True,
        warnings=("The split is random by clip: the same voice may be in training and test.",),
        latencies=(make_latency(1.0, contended=True),),
    )
    trial = maker.study.summary(maker.finished("H", result))
    assert accuracy_marks(trial) == SYNTHETIC + SHARED_VOICES
    assert latency_marks(trial.latency_on("this machine")) == CONTENDED
    assert accuracy_marks(maker.study.summary(maker.finished("I"))) == ""
    # What is kept as a fact is not read out of words, such as the name of a folder.
    guessed = make_result(warnings=("The labels are the folders in random words.",), overstated=False)
    assert accuracy_marks(maker.study.summary(maker.finished("J", guessed))) == ""
    shared = make_result(overstated=True)
    assert accuracy_marks(maker.study.summary(maker.finished("K", shared))) == SHARED_VOICES


def test_differences_are_in_words_with_units():
    found = {
        each.path: (each.name, each.ours, each.theirs)
        for each in compare_specs(
            make_spec(
                features={"frame_length_ms": 16, "kind": "log_mel"}, model={"filters": [32] * 5, "strides": [[1, 1]]}
            ),
            make_spec(),
        )
    }
    assert found["features.frame_length_ms"] == ("frame length", "16 ms", "40 ms")
    assert found["features.kind"] == ("features kind", "Log-mel", "MFCC")
    assert found["model.filters"] == ("filters", "5 of 32", "128 · 128 · 128")
    assert found["features.num_mfccs"][1:] == ("–", "10")


def test_differences_follow_the_reference_and_changed_specs(maker, seven):
    differences = Differences(maker.study)
    assert differences.words(seven[2]) == "width multiplier 0.25"
    assert differences.of(seven[0]) == ()
    differences.compare_with(seven[2])
    assert [found.ours for found in differences.of(seven[0])] == ["1"]
    differences.compare_with(None)
    assert differences.of(seven[1]) == ()


def test_a_damaged_spec_differs_in_nothing_but_breaks_nothing(maker, seven):
    (maker.study.folder_of(seven[3]) / "spec.json").write_text("{")
    assert Differences(maker.study).words(seven[3]) == ""
