from core.events import BatchEnded, EpochEnded, Progressed, StageStarted, TrialFinished, TrialStarted
from core.section import override
from core.spec import TrialSpec, parse_spec
from workbench.frame.progress import JobProgress
from workbench.plots.curve_series import METRICS, CurveSeries


def epoch(number: int, epochs: int, phase: str = "training", trial: str = "a", seconds: float = 2.0) -> EpochEnded:
    return EpochEnded(
        trial=trial,
        phase=phase,
        epoch=number,
        epochs=epochs,
        loss=1 / number,
        accuracy=0.5,
        validation_loss=2 / number,
        validation_accuracy=0.6,
        learning_rate=0.01,
        sparsity=0.0,
        seconds=seconds,
    )


def batch(number: int, batches: int, trial: str = "a") -> BatchEnded:
    return BatchEnded(
        trial=trial, phase="training", epoch=3, epochs=4, batch=number, batches=batches, loss=0.2, accuracy=0.9
    )


def pruned(spec: TrialSpec) -> TrialSpec:
    values = override(spec.model_dump(), "pruning.schedule", "constant")
    values = override(values, "pruning.fine_tuning_epochs", 6)
    return parse_spec(override(values, "training.epochs", 4))


def test_time_left_comes_from_measured_epochs_and_counts_the_fine_tuning(tiny_spec: TrialSpec) -> None:
    progress = JobProgress()
    progress.take(TrialStarted(trial="a"))
    progress.plan(pruned(tiny_spec))
    assert progress.seconds_left is None
    progress.take(epoch(1, 4))
    assert (progress.words, progress.fraction, progress.seconds_left) == ("epoch 1/4", 0.1, 18.0)
    progress.take(epoch(2, 6, "fine_tuning"))
    assert (progress.words, progress.fraction, progress.seconds_left) == ("fine-tuning epoch 2/6", 0.6, 8.0)


def test_batches_move_the_bar_within_an_epoch() -> None:
    progress = JobProgress()
    progress.take(TrialStarted(trial="a"))
    progress.take(batch(5, 10))
    assert progress.fraction == 2.5 / 4


def test_what_an_epoch_waits_for_does_not_empty_the_bar() -> None:
    progress = JobProgress()
    progress.take(TrialStarted(trial="a"))
    progress.take(StageStarted(trial="a", stage="train"))
    progress.take(Progressed(trial="a", what="Varying clips, copy 1", done=100, total=400))
    assert (progress.words, progress.fraction) == ("Varying clips, copy 1 100 of 400", 0.25)
    progress.take(epoch(1, 4).model_copy(update={"time_s": 100}))
    progress.take(epoch(2, 4).model_copy(update={"time_s": 110}))
    progress.take(Progressed(trial="a", what="Varying clips, copy 3, in another process", done=0, total=1))
    assert (progress.words, progress.fraction) == ("epoch 2/4", 0.5)
    # The second epoch took 2 s to compute and 8 s to wait.
    assert progress.seconds_left == 12.0
    progress.take(StageStarted(trial="a", stage="evaluate"))
    assert progress.fraction == 0.5


def test_stages_are_named_and_pieces_counted() -> None:
    progress = JobProgress()
    progress.take(StageStarted(stage="measure"))
    assert progress.words == "measuring latency"
    progress.take(Progressed(time_s=100, what="clips", done=0, total=8000))
    progress.take(Progressed(time_s=110, what="clips", done=2000, total=8000))
    assert (progress.words, progress.fraction, progress.seconds_left) == ("clips 2,000 of 8,000", 0.25, 30)
    progress.take(Progressed(time_s=110, what="download", done=91 * 1024**2, total=182 * 1024**2, unit="bytes"))
    assert progress.words == "download 91 of 182 MB"
    progress.take(Progressed(time_s=110, what="upload", done=1536, total=9000, unit="bytes"))
    assert progress.words == "upload 1.5 of 8.8 kB"
    progress.take(Progressed(time_s=110, what="connecting", done=0, total=1))
    assert progress.words == "connecting"


def test_of_trials_side_by_side_the_latest_is_followed() -> None:
    progress = JobProgress()
    progress.take(TrialStarted(trial="a"))
    progress.take(TrialStarted(trial="b"))
    progress.take(epoch(3, 4, trial="a"))
    assert (progress.trial, progress.words) == ("b", "starting")
    assert progress.trials_at_work == {"a", "b"}
    progress.take(TrialFinished.model_construct(trial="a"))
    assert progress.trials_at_work == {"b"}


def test_curves_go_on_after_training_with_the_fine_tuning() -> None:
    series = CurveSeries()
    assert not series
    for event in (epoch(1, 2), epoch(2, 2), epoch(1, 3, "fine_tuning")):
        assert series.add(event)
    assert not series.add(StageStarted(stage="convert"))
    assert series.fine_tuning_start == 2
    assert series.line(METRICS[0]) == ([1, 2, 3], [1.0, 0.5, 1.0])


def test_a_resumed_epoch_takes_the_place_of_the_one_cut_off() -> None:
    series = CurveSeries()
    series.add(epoch(1, 2))
    series.add(epoch(2, 2))
    series.add(TrialStarted(trial="a", resumed=True))
    series.add(epoch(2, 2, seconds=9))
    assert series.line(METRICS[0])[0] == [1, 2]


def test_the_epoch_at_hand_ends_the_curves_that_know_it() -> None:
    series = CurveSeries()
    series.add(epoch(1, 4))
    series.add(batch(1, 4))
    by_field = {metric.field: series.line(metric)[0] for metric in METRICS}
    assert by_field["loss"] == [1, 2.25]
    assert by_field["validation_loss"] == [1]


def test_finished_trials_are_counted() -> None:
    progress = JobProgress()
    progress.take(TrialFinished.model_construct(trial="a"))
    assert progress.trials_over == 1
