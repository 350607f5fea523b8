"""A model named on the command line: DIR TRIAL, a trial's own folder, or a .tflite file, before the sounds for it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from core.evaluation.detection import DetectionSettings
    from core.experiment.model_choice import ChosenModel

MODEL_HELP = (
    "A trial (DIR TRIAL, or its own folder) or a .tflite file with its preprocessing.json beside it, then the sound."
)
SpecOption = Annotated[
    Path | None,
    typer.Option(
        "--spec",
        metavar="SPEC.toml",
        help="Features and labels of a model made elsewhere; see --labels.",
        show_default=False,
    ),
]
ThresholdOption = Annotated[
    float | None,
    typer.Option("--threshold", metavar="P", min=0, max=1, help="Averaged posterior at which a word fires."),
]
AverageOption = Annotated[
    float | None, typer.Option("--average-window", metavar="MS", help="Time that posteriors are averaged over.")
]
SuppressionOption = Annotated[
    float | None, typer.Option("--suppression", metavar="MS", help="Time after a word in which none fires.")
]
MinimumCountOption = Annotated[
    int | None, typer.Option("--minimum-count", metavar="N", help="Posteriors needed before a word fires.")
]
HopOption = Annotated[float | None, typer.Option("--hop", metavar="MS", help="Time between runs of the network.")]
SaveOption = Annotated[
    bool, typer.Option("--save", help="Save the settings with the model, for every later use of the model.")
]
DeviceOption = Annotated[
    str | None,
    typer.Option("--device", metavar="NAME", help="Microphone; the system's own when not given.", show_default=False),
]


def take_target(arguments: list[Path]) -> tuple[Path, list[Path]]:
    """Return the folder of a trial or the file that the first arguments name, and the arguments after it."""
    from core.experiment.store import Study, is_study

    if len(arguments) > 1 and is_study(arguments[0]):
        study = Study.open(arguments[0])
        return study.folder_of(study.find(str(arguments[1]))), arguments[2:]
    return arguments[0], arguments[1:]


def take_model(arguments: list[Path], spec: Path | None, labels: str) -> tuple["ChosenModel", list[Path]]:
    """Return the model that the first arguments name, and the arguments after it. Raises WorkbenchError."""
    from core.experiment.model_choice import choose_model, preprocessing_of_spec
    from core.experiment.typed_lists import texts_of
    from workbench import console
    from workbench.model_words import in_alphabetical_order

    order = texts_of(labels)
    preprocessing = preprocessing_of_spec(spec, order) if spec else None
    target, rest = take_target(arguments)
    if preprocessing and not order:
        console.say(in_alphabetical_order(preprocessing.labels))
    return choose_model(target, preprocessing), rest


def settings_of(chosen: "ChosenModel", **changes: float | None) -> "DetectionSettings":
    """Return the working point saved with a model with those changes that were given.

    Raises DataError for a damaged file, BadParameter for changes out of range.
    """
    from core.errors import DataError
    from core.experiment.spotting import changed_settings, load_working_point

    saved = load_working_point(chosen)
    try:
        return changed_settings(saved, **changes)
    except DataError as error:
        raise typer.BadParameter(str(error)) from error
