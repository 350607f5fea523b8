"""The final model: the settings of a finished trial trained once more, on every clip.

It has no test of its own, so what is said of its accuracy is that of the trial it came from, everywhere with a mark.
"""

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from core.errors import StudyError
from core.events import EpochEnded, Event, Phase
from core.experiment.files import write_atomically
from core.experiment.model_choice import WORKING_POINT
from core.experiment.store import Study, TrialState
from core.files import read_plain
from core.results import Origin, TrialResult
from core.spec import KeywordSpottingSpec, TrialSpec, identity
from core.training.ranking import rank_by_accuracy

FILE_NAME = "origin.json"


def add_final(study: Study, name: str) -> str:
    """Put the final trial of a finished one into the queue and return its name; one that is there already is found.

    Raises StudyError for a trial that has no test to take the accuracy of.
    """
    trial = study.summary(name)
    spec, result = study.spec(name), study.result(name)
    if trial.state is not TrialState.FINISHED or result is None:
        raise StudyError(f"trial {trial.letter} is {trial.state.value}; train it to its end before all clips are used")
    if not isinstance(spec, KeywordSpottingSpec):
        raise StudyError(f"trial {trial.letter} forecasts; only trials that learn from clips can be trained on all")
    if result.origin:
        raise StudyError(f"trial {trial.letter} is trained on all clips already; export or deploy it")
    final = final_spec(spec, study.events(name), result, trial.title or trial.letter)
    origin = Origin(
        trial=name,
        letter=trial.letter,
        quality=result.quality,
        overstated=result.is_overstated,
        warnings=result.warnings,
    )
    there = next((found.name for found in study.summaries() if found.identity == identity(final)), None)
    added = there if there and load_origin(study.folder_of(there)) else study.add(final)
    folder = study.folder_of(added)
    write_atomically(folder / FILE_NAME, origin.model_dump_json(indent=1) + "\n")
    point = study.folder_of(name) / WORKING_POINT
    if point.exists() and not (folder / WORKING_POINT).exists():
        try:
            settings = read_plain(point)
        except OSError as error:
            raise StudyError(f"{point}: cannot be read ({error.strerror}); check it, then try again") from error
        write_atomically(folder / WORKING_POINT, settings)
    return added


def final_spec(spec: KeywordSpottingSpec, events: Iterable[Event], result: TrialResult, title: str) -> TrialSpec:
    """Return the settings of a trial on all clips, for as many epochs as it took to the weights that were kept.

    No part is left to choose an epoch by, so the last one is kept.
    """
    kept = {phase: _kept_epoch(events, phase, spec, result) for phase in ("training", "fine_tuning")}
    training = {"epochs": kept["training"] or spec.training.epochs, "keep": "last"}
    pruning = {"fine_tuning_epochs": kept["fine_tuning"] or spec.pruning.fine_tuning_epochs}
    return spec.model_copy(
        update={
            "name": f"{title[:68]}, all clips",
            "split": spec.split.model_copy(update={"rule": "all"}),
            "training": spec.training.model_copy(update=training),
            "pruning": spec.pruning.model_copy(update=pruning),
        }
    )


def load_origin(folder: Path) -> Origin | None:
    """Return the trial that a final one came from, None for any other. Raises StudyError when it is damaged."""
    path = folder / FILE_NAME
    try:
        return Origin.model_validate_json(read_plain(path))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise StudyError(f"{path} is damaged; delete the trial, and train its origin on all clips again") from error


def _kept_epoch(events: Iterable[Event], phase: Phase, spec: KeywordSpottingSpec, result: TrialResult) -> int:
    """Return the number of the epoch whose weights a phase kept, 0 where there was no such phase."""
    # A resumed epoch takes the place of the one that was cut off.
    ended = {event.epoch: event for event in events if isinstance(event, EpochEnded) and event.phase == phase}
    if not ended or spec.training.keep == "last":
        return max(ended, default=0)
    is_last_phase = (phase == "fine_tuning") == (spec.pruning.schedule != "none")
    # While pruning still removes weights no epoch is kept; of those after it the result names the accuracy.
    known = result.validation_accuracy if is_last_phase else None
    sought = [event for event in ended.values() if known in (None, event.validation_accuracy)]
    best = max(sought or ended.values(), key=lambda event: (rank_by_accuracy(event), -event.epoch))
    return best.epoch
