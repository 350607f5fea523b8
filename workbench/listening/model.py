"""A model opened for clips and for a stream. Knows nothing of Qt."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.datasets.preprocessing import Preprocessing
from core.experiment.model_choice import ChosenModel, choose_model

if TYPE_CHECKING:
    from core.experiment.clip_classification import ClipClassifier
    from core.experiment.spotting import Spotter


class SettingsMissing(Exception):
    """Nothing beside a model file says how its input is made."""


@dataclass(frozen=True)
class ListeningModel:
    """One model, asked clip by clip and hop by hop."""

    chosen: ChosenModel
    classifier: "ClipClassifier"
    spotter: "Spotter"


def open_listening(target: Path, preprocessing: Preprocessing | None = None) -> ListeningModel:
    """Open a trial's folder or a model file in a process of its own: some 150 ms for 20 kB.

    Raises SettingsMissing where the user must name settings, WorkbenchError for everything else that is wrong.
    """
    # Loaded here, where a model is first wanted, not with the window.
    from core.errors import ModelError
    from core.experiment.clip_classification import ClipClassifier
    from core.experiment.opened_model import open_chosen
    from core.experiment.spotting import Spotter

    try:
        chosen = choose_model(target, preprocessing)
    except ModelError as error:
        if target.is_file():
            raise SettingsMissing from error
        raise
    model = open_chosen(chosen)
    return ListeningModel(chosen, ClipClassifier(chosen, model=model), Spotter(chosen, model=model))
