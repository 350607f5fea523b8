"""The journey of one trial: data → network → training → compression → file → measurements.

Knows no study: takes a spec and a folder for its files, says events, returns what was measured.
"""

from dataclasses import replace
from pathlib import Path

from core.compression import convert, package, prune, slim
from core.datasets.prepared import PreparedData
from core.datasets.split import NO_TEST
from core.errors import DataError
from core.evaluation import footprint
from core.events import Emit, StageStarted, Warned, ignore
from core.models import assembly, registry
from core.results import Origin, TrialResult
from core.spec import TrialSpec, stage_key
from core.tasks.registry import TASKS
from core.training import base, fit, schedule


def run_trial(spec: TrialSpec, folder: Path, emit: Emit = ignore, origin: Origin | None = None) -> TrialResult:
    """Run every stage of a trial, going on from `folder`'s checkpoint when there is one.

    One that trains on every clip has nothing to be judged by: the quality is that of the trial it came from. Raises
    WorkbenchError with a sentence for the user, or TrialCancelled when `emit` asks for the end.
    """
    task = TASKS[spec.task]
    # A spec that cannot be trained fails before its data are read.
    task.input_shape(spec)
    emit(StageStarted(stage="prepare"))
    data = task.prepare(spec, emit)
    if not len(data.test.targets) and origin is None:
        raise DataError(NO_TEST)
    warnings = _with_origin(data.warnings, origin)
    for warning in warnings:
        emit(Warned(message=warning))
    task.save_preprocessing(spec, data, folder)

    emit(StageStarted(stage="build"))
    net = registry.build(spec.model, data.input_shape, data.num_outputs)
    model = assembly.assemble(net, spec.training.seed)
    emit(StageStarted(stage="train"))
    trained = base.train(spec, model, data, folder, emit)
    if spec.pruning.schedule != "none":
        emit(StageStarted(stage="prune"))
        trained = _fine_tune(spec, trained, data, folder, emit)
    trained.model.save(folder / "model.keras")

    emit(StageStarted(stage="convert"))
    full = convert.convert(trained.model, spec.quantization, data.train.inputs, data.frame)
    (folder / "model.full.tflite").write_bytes(full)
    emit(StageStarted(stage="slim"))
    deployed = package.deploy(slim.slim(full) if spec.conversion.slim else full, folder)

    emit(StageStarted(stage="evaluate"))
    quality = origin.quality if origin else task.evaluate(deployed, data, emit)
    emit(StageStarted(stage="measure"))
    return TrialResult(
        quality=quality,
        footprint=footprint.measure(deployed, len(full), trained.model.get_weights(), net.macs),
        latencies=(task.measure_latency(deployed, spec, emit),),
        validation_accuracy=trained.validation_accuracy,
        training_seconds=trained.seconds,
        num_training_examples=len(data.train.targets),
        synthetic=data.synthetic,
        decoders=dict(data.decoders),
        warnings=warnings,
        overstated=origin.overstated if origin else data.overstated,
        origin=origin.trial if origin else "",
    )


def _with_origin(warnings: tuple[str, ...], origin: Origin | None) -> tuple[str, ...]:
    """Return warnings with what is to be known of a quality that another trial's file was judged to have."""
    if origin is None:
        return warnings
    said = (
        f"Trained on every clip, so there is none to test it on: its accuracy is that of trial {origin.letter}, which "
        "had the same settings."
    )
    return (said, *dict.fromkeys((*warnings, *origin.warnings)))


def _fine_tune(spec: TrialSpec, trained: fit.Fitted, data: PreparedData, folder: Path, emit: Emit) -> fit.Fitted:
    """Fine-tune under a rising sparsity: pruning masks the model, training fits it, pruning takes the masks away."""
    plan = schedule.plan_fine_tuning(spec)
    pruned = prune.prune(trained.model, spec.pruning, plan.num_steps(len(data.train.targets)))
    saved = folder / "checkpoint" / "fine_tuning.npz"
    fitted = fit.fit(trained.model, data, plan, saved, emit, stage_key(spec, "pruning"), pruned)
    return replace(fitted, model=pruned.strip(), seconds=trained.seconds + fitted.seconds)
