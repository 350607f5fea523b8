"""What a section says in one line when it is folded. Knows nothing of Qt."""

from collections.abc import Callable, Mapping
from pathlib import Path

from core.datasets.column_names import name_of
from core.models.architecture import scale_filters, spread
from core.section import Section
from core.spec import (
    Augmentation,
    Conversion,
    Dataset,
    Features,
    ForecastModel,
    ForecastQuantization,
    ForecastTraining,
    Measurement,
    Model,
    Pruning,
    Quantization,
    SeriesData,
    Split,
    TimeSplit,
    Training,
    Window,
)
from workbench.form.field_text import words_of, write

MANY = 4


def essence(section: Section) -> str:
    """Return the gist of a section."""
    return _ESSENCES[type(section)](section)


def _dataset(data: Dataset) -> str:
    if not data.folder:
        return "no folder yet"
    extra = [name for name, used in (("silence", data.include_silence), ("unknown", data.include_unknown)) if used]
    labels = [*data.labels, *extra] if data.labels else ["all labels", *extra]
    said = ", ".join(labels) if len(labels) <= MANY else f"{len(labels)} labels"
    return f"{Path(data.folder).name}: {said}"


def _features(features: Features) -> str:
    if not features.has_picture:
        return f"{words_of(features.kind)}, {features.sample_rate // 1000} kHz"
    picture = f"{words_of(features.kind)} {features.num_coefficients}"
    if features.kind == "mfcc":
        picture += f" of {features.num_mel_bins} mel"
    if features.applies("frame_step_ms"):
        picture += f", {features.frame_length_ms:g}/{features.frame_step_ms:g} ms"
    if features.applies("lower_edge_hertz"):
        picture += f", {features.lower_edge_hertz:g}–{features.upper_edge_hertz:g} Hz"
    return picture


def _split(split: Split) -> str:
    if split.rule == "all":
        return "every clip trains"
    if split.rule == "lists":
        return "by the folder's lists"
    by = {"speaker": "by speaker", "random": "random by clip"}[split.rule]
    return f"{by}, {100 * split.validation_fraction:g} % validation, {100 * split.test_fraction:g} % test"


def _augmentation(varied: Augmentation) -> str:
    if not varied.enabled:
        return "none"
    parts = [f"{varied.copies} copies", f"±{varied.time_shift_ms:g} ms"]
    if varied.min_resampling != 1 or varied.max_resampling != 1:
        parts.append(f"×{varied.min_resampling:g}–{varied.max_resampling:g}")
    if varied.gain_db:
        parts.append(f"±{varied.gain_db:g} dB")
    if varied.background_volume:
        parts.append("noise")
    if varied.time_masks or varied.frequency_masks:
        parts.append("SpecAugment")
    return ", ".join(parts)


def _model(model: Model) -> str:
    widths = [scale_filters(count, model.width_multiplier, model.filter_divisor) for count in model.filters]
    if len(widths) > MANY and len(set(widths)) == 1:
        filters = f"{len(widths)} × {widths[0]}"
    else:
        filters = "·".join(map(str, widths))
    kernels = spread(model.kernels, len(model.filters))
    same = f", {kernels[0][0]}×{kernels[0][1]}" if kernels and len(set(kernels)) == 1 else ""
    return f"{words_of(model.family)} {filters}{same}{', residual' if model.residual else ''}"


def _series(data: SeriesData) -> str:
    if not data.file:
        return "no CSV file yet"
    targets = _names(data.targets) or "temperature and humidity"
    inputs = _names(data.inputs)
    return f"{Path(data.file).name}: {targets}{f' from {inputs}' if inputs and inputs != targets else ''}"


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(map(name_of, columns)) if len(columns) <= MANY else f"{len(columns)} columns"


def _window(window: Window) -> str:
    stride = f", every {window.stride} rows" if window.stride > 1 else ""
    return f"{window.input_steps} → {window.output_steps} steps of {window.step_minutes:g} min{stride}"


def _time_split(split: TimeSplit) -> str:
    validation, test = 100 * split.validation_fraction, 100 * split.test_fraction
    return f"in time: {100 - validation - test:g} % training, {validation:g} % validation, {test:g} % test"


def _forecast_model(model: ForecastModel) -> str:
    sizes = {"mlp": (), "conv1d": model.filters, "lstm": (model.cells,)}[model.family]
    scaled = [scale_filters(count, model.width_multiplier, model.filter_divisor) for count in (*sizes, *model.units)]
    layers = "·".join(map(str, scaled))
    kernel = f", kernel {model.kernel}" if model.family == "conv1d" else ""
    return f"{words_of(model.family)} {layers}{kernel}, forecasts {model.predict}s".replace("  ", " ")


def _training(training: Training | ForecastTraining) -> str:
    rate = write(training.initial_learning_rate)
    if training.schedule != "constant":
        rate += f" → {write(training.end_learning_rate)} {training.schedule}"
    return f"{training.epochs} epochs, batch {training.batch_size}, {words_of(training.optimizer)} {rate}"


def _pruning(pruning: Pruning) -> str:
    if pruning.schedule == "none":
        return "none"
    start = f"{pruning.initial_sparsity:g} → " if pruning.schedule == "polynomial" else ""
    return f"{pruning.schedule} {start}{pruning.final_sparsity:g}, {pruning.fine_tuning_epochs} epochs"


def _quantization(quantization: Quantization) -> str:
    if quantization.scheme != "int8":
        return words_of(quantization.scheme)
    return f"int8 {words_of(quantization.granularity)}, {quantization.input_output} in and out"


def _conversion(conversion: Conversion) -> str:
    return "slim" if conversion.slim else "as converted"


def _measurement(measurement: Measurement) -> str:
    threads = "1 thread" if measurement.num_threads == 1 else f"{measurement.num_threads} threads"
    return f"{measurement.num_runs} runs, {threads}"


_ESSENCES: Mapping[type[Section], Callable[..., str]] = {
    Dataset: _dataset,
    Features: _features,
    Split: _split,
    Augmentation: _augmentation,
    Model: _model,
    Training: _training,
    SeriesData: _series,
    Window: _window,
    TimeSplit: _time_split,
    ForecastModel: _forecast_model,
    ForecastTraining: _training,
    ForecastQuantization: _quantization,
    Pruning: _pruning,
    Quantization: _quantization,
    Conversion: _conversion,
    Measurement: _measurement,
}
