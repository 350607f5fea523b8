"""The journey of one trial: data → network → training → compression → file → measurements.

Knows no study: takes a spec and a folder for its files, says events, returns what was measured.
"""

from pathlib import Path

from core.compression import convert, prune, slim
from core.datasets.prepared import PreparedData
from core.evaluation import footprint
from core.events import Emit, StageStarted, Warned, ignore
from core.models import assembly, registry
from core.results import TrialResult
from core.spec import TrialSpec
from core.tasks.registry import TASKS
from core.training import base, fit


def run_trial(spec: TrialSpec, folder: Path, emit: Emit = ignore) -> TrialResult:
    """Run every stage of a trial, going on from `folder`'s checkpoint when there is one.

    Raises WorkbenchError with a sentence for the user, or TrialCancelled when `emit` asks for the end.
    """
    task = TASKS[spec.task]
    emit(StageStarted(stage="prepare"))
    data = task.prepare(spec, emit)
    for warning in data.warnings:
        emit(Warned(message=warning))
    task.save_preprocessing(spec, data, folder)

    net = registry.build(spec.model, data.input_shape, len(data.labels))
    emit(StageStarted(stage="train"))
    trained = base.train(spec, assembly.assemble(net, spec.training.seed), data, folder, emit)
    if spec.pruning.schedule != "none":
        emit(StageStarted(stage="prune"))
        trained = _fine_tune(spec, trained, data, folder, emit)

    emit(StageStarted(stage="convert"))
    full = convert.convert(trained.model, spec.quantization, data.train.inputs, folder)
    deployed = slim.write(full, folder) if spec.conversion.slim else convert.deploy(full, folder)

    emit(StageStarted(stage="evaluate"))
    quality = task.evaluate(deployed, data, emit)
    emit(StageStarted(stage="measure"))
    return TrialResult(
        quality=quality,
        footprint=footprint.measure(deployed, full, trained.model, net.macs),
        latencies=(task.measure_latency(deployed, spec, emit),),
        validation_accuracy=trained.validation_accuracy,
        training_seconds=trained.seconds,
        num_training_clips=len(data.train.targets),
        synthetic=data.synthetic,
        warnings=data.warnings,
    )


def _fine_tune(spec: TrialSpec, trained: fit.Fitted, data: PreparedData, folder: Path, emit: Emit) -> fit.Fitted:
    """Fine-tune under a rising sparsity: pruning wraps the model, training fits it, pruning unwraps it."""
