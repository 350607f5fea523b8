"""Commands that listen with a model: to clips, to a long recording, to a microphone."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.commands.model_argument import (
    MODEL_HELP,
    AverageOption,
    DeviceOption,
    HopOption,
    MinimumCountOption,
    SaveOption,
    SpecOption,
    SuppressionOption,
    ThresholdOption,
    settings_of,
    take_model,
)
from workbench.commands.options import AsJson, DataOption, LabelsOption

if TYPE_CHECKING:
    from core.evaluation.detection import Detection
    from core.experiment.model_choice import ChosenModel
    from core.spec import KeywordSpottingSpec


def classify(
    arguments: Annotated[
        list[Path], typer.Argument(metavar="MODEL_OR_TRIAL CLIP.wav...", help=MODEL_HELP, show_default=False)
    ],
    spec: SpecOption = None,
    labels: LabelsOption = "",
    as_json: AsJson = False,
) -> None:
    """Tell which label each clip has, with all probabilities and a sentence on what would help.

    Of a clip longer than the model's the loudest part is heard. Clips that cannot be read are named, the others
    classified.

    Example: `workbench classify studies/mine B clips/go/*.wav`
    """
    from core.errors import DataError
    from core.experiment.clip_classification import ClipClassifier
    from workbench import console
    from workbench.commands import spotting_sheet

    chosen, clips = take_model(arguments, spec, labels)
    if not clips:
        raise typer.BadParameter("name at least one sound file after the model")
    classifier = ClipClassifier(chosen)
    found, faults = [], []
    for clip in clips:
        try:
            found.append((clip, classifier.classify_file(clip)))
        except DataError as error:
            faults.append(error)
    if faults and not found:
        raise faults[0]
    if as_json:
        console.answer(spotting_sheet.clips_document(chosen, classifier.form, found, faults))
    else:
        spotting_sheet.show_clips(chosen, classifier.form, found)
    for fault in faults:
        console.complain(fault)
    if faults:
        raise typer.Exit(1)


def detect(
    arguments: Annotated[
        list[Path], typer.Argument(metavar="MODEL_OR_TRIAL [LONG.wav]", help=MODEL_HELP, show_default=False)
    ],
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth", metavar="TIMES.csv", help="What was said when: time_s,label. The CSV beside LONG.wav if none."
        ),
    ] = None,
    minutes: Annotated[
        float, typer.Option("--minutes", metavar="N", min=0.2, max=60, help="Of a recording made here.")
    ] = 10,
    background_volume: Annotated[
        float, typer.Option("--background-volume", metavar="V", min=0, max=1, help="Of its noise.")
    ] = 0.1,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Another seed makes another one.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.wav", help="Keep the recording made here, with its truth beside it."),
    ] = None,
    threshold: ThresholdOption = None,
    average_window: AverageOption = None,
    suppression: SuppressionOption = None,
    minimum_count: MinimumCountOption = None,
    hop: HopOption = None,
    save: SaveOption = False,
    spec: SpecOption = None,
    labels: LabelsOption = "",
    data: DataOption = None,
    as_json: AsJson = False,
) -> None:
    """Find words in a long recording: false accepts per hour, false reject rate and both over the threshold.

    Without LONG.wav a recording is made: clips of the trial's test part, whose voices it never trained on, at known
    times over the noise recordings. Once heard, a recording is not run through the network again.

    Example: `workbench detect studies/mine B --minutes 10 --threshold 0.9 --save`
    """
    from core.errors import StudyError
    from core.experiment.detection_report import detect_file
    from core.experiment.long_recording import kept_recording, make_long_recording
    from core.experiment.spotting import Spotter, save_working_point
    from workbench import console
    from workbench.commands import spotting_sheet

    chosen, recordings = take_model(arguments, spec, labels)
    if len(recordings) > 1:
        raise typer.BadParameter("name one recording; several are several commands")
    settings = settings_of(
        chosen,
        threshold=threshold,
        average_window_ms=average_window,
        suppression_ms=suppression,
        minimum_count=minimum_count,
        hop_ms=hop,
    )
    spotter = Spotter(chosen, settings)
    with console.progress() as narrator:
        if recordings:
            recording = recordings[0]
        else:
            made_of = _spec_of(chosen, spec, data)
            if out:
                made = make_long_recording(made_of, out, minutes, seed, background_volume, narrator)
            else:
                made = kept_recording(made_of, minutes, seed, background_volume, narrator)
            recording = Path(made.wav)
        report = detect_file(spotter, recording, truth, narrator)
    saved = ""
    if save:
        try:
            saved = str(save_working_point(chosen, spotter.settings))
        except StudyError as error:
            raise StudyError(f"the settings were not saved: {error}") from error
    if as_json:
        console.answer({**report.model_dump(mode="json"), "saved": saved})
    else:
        spotting_sheet.show_report(report, saved)


def listen(
    arguments: Annotated[list[Path], typer.Argument(metavar="MODEL_OR_TRIAL", help=MODEL_HELP, show_default=False)],
    seconds: Annotated[
        float | None, typer.Option("--seconds", metavar="N", min=0.1, help="Until Ctrl+C when not given.")
    ] = None,
    device: DeviceOption = None,
    threshold: ThresholdOption = None,
    average_window: AverageOption = None,
    suppression: SuppressionOption = None,
    minimum_count: MinimumCountOption = None,
    hop: HopOption = None,
    spec: SpecOption = None,
    labels: LabelsOption = "",
    as_json: AsJson = False,
) -> None:
    """Spot words in what the microphone hears, each on a line as it fires; Ctrl+C ends it.

    Example: `workbench listen studies/mine B --seconds 30`
    """
    from core.experiment.spotting import Spotter
    from workbench import console
    from workbench.commands import spotting_sheet
    from workbench.commands.live_spotting import listen_live

    chosen, rest = take_model(arguments, spec, labels)
    if rest:
        raise typer.BadParameter("name a model alone; `workbench detect` takes recordings")
    settings = settings_of(
        chosen,
        threshold=threshold,
        average_window_ms=average_window,
        suppression_ms=suppression,
        minimum_count=minimum_count,
        hop_ms=hop,
    )
    spotter = Spotter(chosen, settings)
    if not as_json:
        spotting_sheet.show_form(spotter.form, spotter.labels)
    detections: list[Detection] = []
    fired = detections.append if as_json else spotting_sheet.show_fired
    heard = listen_live(spotter, device, seconds, fired)
    if as_json:
        console.answer({**heard, "detections": list(map(asdict, detections))})
    else:
        spotting_sheet.show_heard(heard)


def _spec_of(chosen: "ChosenModel", spec: Path | None, data: Path | None) -> "KeywordSpottingSpec":
    """Return whose test clips a recording is made of: the trial's own, or those of a spec. Raises WorkbenchError."""
    from core.errors import ModelError
    from core.experiment.model_choice import spec_of_trial
    from core.experiment.spec_file import load_spec
    from core.spec import KeywordSpottingSpec, of_task

    if spec:
        return of_task(load_spec(spec, data=data), KeywordSpottingSpec)
    if chosen.trial is None:
        raise ModelError(
            f"{chosen.path}: belongs to no trial whose clips could be taken; give a recording, or --spec and --data"
        )
    return of_task(spec_of_trial(chosen.trial, data=data), KeywordSpottingSpec)
