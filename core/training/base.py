"""Trained bases, shared: trials that differ in what follows training train once between them."""

import hashlib
import json
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import tf_keras as keras

from core.array_archive import read_arrays
from core.cache import Notices, cached
from core.datasets.prepared import PreparedData
from core.datasets.progress import damage_found
from core.events import Emit, EpochEnded, Progressed, StageStarted, Warned
from core.spec import TrialSpec, stage_key
from core.training.fit import Fitted, fit
from core.training.schedule import plan_training

_LIBRARIES = ("tensorflow", "tf-keras", "numpy")


def train(spec: TrialSpec, model: keras.Model, data: PreparedData, folder: Path, emit: Emit) -> Fitted:
    """Train the model, or take the weights of an equal training done before; its epochs are then said again.

    Goes on from `folder`'s checkpoint. Raises TrialCancelled when `emit` asks for the end, also while another process
    trains the same base.
    """
    key = _base_key(spec, data)
    fitted_here: list[Fitted] = []

    def fill(shared: Path) -> None:
        fitted_here.append(fit(model, data, plan_training(spec), folder / "checkpoint" / "training.npz", emit, key))
        _save(fitted_here[0], shared)

    def wait() -> None:
        emit(Progressed(what="waiting for the trial that trains the same base", done=0, total=1))

    notices = Notices(wait, lambda shared: emit(Warned(message=damage_found(shared))))
    fitted = cached("bases", key, fill, partial(_load, model), notices=notices)
    if fitted_here:
        return fitted_here[0]
    emit(StageStarted(stage="train", note=f"trained before, in {fitted.seconds:.0f} s; its epochs are shown again"))
    for event in fitted.history:
        emit(event.model_copy(update={"time_s": time.time(), "job": "", "trial": ""}))
    return fitted


def _base_key(spec: TrialSpec, data: PreparedData) -> str:
    libraries = " ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    parts = (stage_key(spec, "training"), data.fingerprint, libraries)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _save(fitted: Fitted, folder: Path) -> None:
    weights = {f"weight_{index}": weight for index, weight in enumerate(fitted.model.get_weights())}
    np.savez(folder / "weights.npz", **weights)
    facts = {
        "validation_accuracy": fitted.validation_accuracy,
        "seconds": fitted.seconds,
        "history": [event.model_dump(mode="json") for event in fitted.history],
    }
    (folder / "training.json").write_text(json.dumps(facts), encoding="utf-8")


def _load(model: keras.Model, folder: Path) -> Fitted:
    facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    history = tuple(EpochEnded.model_validate(event) for event in facts["history"])
    fitted = Fitted(model, facts["validation_accuracy"], facts["seconds"], history)
    weights = read_arrays(folder / "weights.npz")
    # Only what is whole is put into the model, which is trained from its own beginning otherwise.
    model.set_weights([weights[f"weight_{index}"] for index in range(len(weights))])
    return fitted
