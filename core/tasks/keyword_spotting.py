"""Keyword spotting: one word per clip, told from a picture of its sound."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cache import explaining_cache_errors
from core.datasets.augment import adds_noise, mask_pictures, varies_waveforms
from core.datasets.augmented import Copies, Recipe
from core.datasets.clips import ClipSet, all_labels, find_clips
from core.datasets.digest import digest
from core.datasets.findings import find_imbalance, find_in_sound, find_marked, find_unread
from core.datasets.frame import is_frame
from core.datasets.pictures import load_pictures
from core.datasets.prepared import Examples, PreparedData, Shape
from core.datasets.preprocessing import (
    Preprocessing,
    beside,
    fit_preprocessing,
    load_preprocessing,
    read_preprocessing,
    repeated_label,
    save_preprocessing,
)
from core.datasets.split import NO_TEST, deal_clips, split_clips
from core.datasets.waveforms import (
    FULL_SCALE,
    Waveforms,
    decoders,
    leave_out_faulty,
    load_noise,
    load_waveforms,
    read_clip,
)
from core.errors import DataError, FeatureError, ModelError, Problem, SpecError
from core.evaluation import classification, latency
from core.evaluation.example_sounds import example_inputs
from core.events import Emit
from core.features.kinds import KINDS
from core.files import read_bounded
from core.results import Classification, Latency
from core.spec import KeywordSpottingSpec
from core.tasks.description import Description
from core.tasks.judgement import Judgement, Part, ScaledBy

Float32 = NDArray[np.float32]
Rows = NDArray[np.int64]


class KeywordSpotting:
    """The task of telling words apart; see `tasks.registry.Task` for what each method owes."""

    def input_shape(self, spec: KeywordSpottingSpec) -> Shape:
        """Return (frames, coefficients, 1).

        Raises SpecError for features that cannot be computed here, or that no network here is trained on.
        """
        kind = spec.features.kind
        try:
            KINDS[kind].require()
        except FeatureError as error:
            raise SpecError((Problem("features.kind", str(error)),)) from error
        if not spec.features.has_picture:
            sentence = f"the networks here learn from pictures, a {kind} is for judging models made elsewhere; "
            raise SpecError((Problem("features.kind", f"{sentence}choose another kind to train"),))
        return spec.features.input_shape(spec.num_samples)

    def num_outputs(self, spec: KeywordSpottingSpec) -> int:
        """Return the number of labels; two as long as the folder names none."""
        return max(2, len(all_labels(spec.dataset)))

    def find_data(self, spec: KeywordSpottingSpec) -> None:
        """Find the clips, and see that some will be left to test. Raises DataError naming the folder."""
        if spec.split.rule == "all":
            raise DataError(NO_TEST)
        find_clips(spec.dataset, spec.split.speaker_pattern)

    def prepare(self, spec: KeywordSpottingSpec, emit: Emit) -> PreparedData:
        """Read, split and transform the clips. Raises DataError naming the file or folder."""
        with explaining_cache_errors():
            return self._prepare(spec, emit)

    def _prepare(self, spec: KeywordSpottingSpec, emit: Emit) -> PreparedData:
        clips = _read_clips(spec, emit)
        usable, rows, pictures = clips.usable, clips.rows, clips.pictures
        parts = split_clips(usable, spec.split)
        targets = np.array([clip.target for clip in usable.clips], np.int64)
        train_rows = rows[parts.train]
        preprocessing = fit_preprocessing(spec.features, spec.dataset, usable.labels, pictures[train_rows])

        def examples(part: Rows) -> Examples:
            return Examples(preprocessing.scale(pictures[rows[part]]), targets[part])

        train = examples(parts.train)
        fingerprint = digest(usable.fingerprint, parts.train, parts.validation, parts.test)
        epoch_inputs, more_warnings = _vary(spec, usable, clips.waveforms, train_rows, preprocessing, train, emit)
        return PreparedData(
            labels=usable.labels,
            train=train,
            validation=examples(parts.validation),
            test=examples(parts.test),
            epoch_inputs=epoch_inputs,
            fingerprint=fingerprint,
            synthetic=usable.synthetic,
            decoders=decoders(clips.waveforms.heard),
            warnings=(*clips.warnings, *parts.warnings, *more_warnings),
            overstated=parts.overstates,
            preprocessing=preprocessing.model_dump(mode="json"),
        )

    def save_preprocessing(self, spec: KeywordSpottingSpec, data: PreparedData, folder: Path) -> None:  # noqa: ARG002
        """Write `preprocessing.json`: features, duration, labels, and mean and deviation where standardized."""
        save_preprocessing(Preprocessing.model_validate(data.preprocessing), folder)

    def evaluate(self, model: Path, data: PreparedData, emit: Emit) -> Classification:
        """Judge the deployed file on the test part."""
        return classification.judge(model, data.test.inputs, data.test.targets, data.labels, emit)

    def judge_file(
        self, model: Path, spec: KeywordSpottingSpec, outputs: tuple[str, ...], part: Part, emit: Emit
    ) -> Judgement:
        """Judge any file that takes the spec's features; its labels are those kept beside it, or else the data's."""
        with explaining_cache_errors():
            clips = _read_clips(spec, emit)
        kept = _kept_beside(model, spec)
        order = outputs or (kept.labels if kept else clips.usable.labels)
        repeated = repeated_label(order)
        if repeated:
            raise ModelError(f"{model}: two of its outputs are called {repeated}; name each label once")
        strangers = [label for label in clips.usable.labels if label not in order]
        if strangers:
            raise ModelError(
                f"{model}: its labels are {', '.join(order)}, but the clips have {', '.join(strangers)} too; "
                "name all labels of the model in the order of its outputs, or choose fewer labels of the clips"
            )
        rows, training_rows, warnings = _rows_of(part, clips, spec)
        place = np.array([order.index(label) for label in clips.usable.labels])
        targets = np.array([clip.target for clip in clips.usable.clips], np.int64)[rows]
        preprocessing, scaled_by = _scaling(kept, spec, clips, training_rows)
        inputs = preprocessing.scale(clips.pictures[clips.rows[rows]])
        examples = example_inputs(preprocessing, clips.waveforms.samples.shape[1])
        with classification.open_classifier(model, examples, len(order)) as opened:
            predicted = classification.predict_all(opened, inputs, emit).argmax(axis=1)
            quality = classification.tally(predicted, place[targets], order)
            return Judgement(
                quality=quality,
                form=opened.form,
                part=part,
                num_found=len(clips.rows),
                scaled_by=scaled_by,
                labels_by="user" if outputs else "model" if kept else "data",
                warnings=(*clips.warnings, *warnings),
            )

    def measure_latency(self, model: Path, spec: KeywordSpottingSpec, emit: Emit) -> Latency:
        """Time features, inference and both together for the first clip of the data set, at batch 1."""
        preprocessing = load_preprocessing(model.parent)
        clip = _first_readable(find_clips(spec.dataset, spec.split.speaker_pattern), spec)
        waveform = np.divide(clip[np.newaxis], FULL_SCALE, dtype=np.float32)
        extractor = preprocessing.extractor()

        def make_input() -> Float32:
            return preprocessing.scale(extractor.compute(waveform))

        return latency.measure(model, make_input, spec.measurement, emit)

    def describe(self, folder: Path) -> Description:
        """Name the labels, and the recipe of the input."""
        preprocessing = load_preprocessing(folder)
        about = [f"Input: one clip of {preprocessing.clip_duration_ms} ms, made by the settings under [features]."]
        recipe = KINDS[preprocessing.features.kind].recipe
        if recipe:
            about.append(recipe)
        if preprocessing.mean:
            about += [f"mean = {list(preprocessing.mean)}", f"deviation = {list(preprocessing.deviation)}"]
        return Description(preprocessing.labels, "labels", tuple(about))


def _guesses(found: ClipSet) -> list[str]:
    """Say what was guessed of where labels come from."""
    return [f"How the folder is laid out was recognised, not given. {found.guessed}"] if found.guessed else []


@dataclass(frozen=True)
class _ReadClips:
    """Clips that could be read; `rows` (k,) are theirs in `waveforms` and `pictures` (n, frames, coefficients)."""

    usable: ClipSet
    rows: Rows
    waveforms: Waveforms
    pictures: Float32
    warnings: tuple[str, ...]


def _read_clips(spec: KeywordSpottingSpec, emit: Emit) -> _ReadClips:
    found = find_clips(spec.dataset, spec.split.speaker_pattern)
    waveforms = load_waveforms(found, spec.features.sample_rate, spec.dataset, emit)
    pictures = load_pictures(spec, found, waveforms.samples, emit)
    usable, rows, warnings = leave_out_faulty(found, waveforms)
    said = (*_guesses(found), *found.warnings, *warnings, *_findings(spec, found, usable, waveforms))
    return _ReadClips(usable, rows, waveforms, pictures, said)


def _findings(spec: KeywordSpottingSpec, found: ClipSet, usable: ClipSet, waveforms: Waveforms) -> Iterator[str]:
    """Say what is wrong with the clips as a set."""
    targets = np.array([clip.target for clip in found.clips], np.int64)
    by_hand = np.array([clip.start_ms is not None for clip in found.clips], np.bool_)
    for finding in (
        *find_unread(found.unread),
        *find_imbalance(Counter(usable.labels[clip.target] for clip in usable.clips)),
        *find_in_sound(found.labels, targets, waveforms.heard, spec.dataset, by_hand),
        *find_marked(waveforms.heard),
    ):
        yield f"{finding.meaning}."


def _vary(
    spec: KeywordSpottingSpec,
    usable: ClipSet,
    waveforms: Waveforms,
    train_rows: Rows,
    preprocessing: Preprocessing,
    train: Examples,
    emit: Emit,
) -> tuple[Callable[[int], Float32], tuple[str, ...]]:
    """Return what gives the training inputs of an epoch, and warnings about how they are varied."""
    settings = spec.augmentation
    if not settings.enabled:
        return (lambda _: train.inputs), ()
    copies = None
    warnings: tuple[str, ...] = ()
    if varies_waveforms(settings):
        noise = None
        if adds_noise(settings):
            noise, warnings = load_noise(usable, spec.features.sample_rate, emit)
        recipe = Recipe(
            waveforms=waveforms.path,
            rows=tuple(train_rows.tolist()),
            noise=noise,
            features=spec.features,
            augmentation=settings,
            seed=spec.training.seed,
        )
        copies = Copies(recipe, emit)
    fill = train.inputs.mean(axis=(0, 1, 3))

    def inputs(epoch: int) -> Float32:
        varied = preprocessing.scale(copies.pictures(epoch))[..., 0] if copies else train.inputs[..., 0]
        rng = np.random.default_rng([spec.training.seed, epoch])
        return mask_pictures(varied, settings, fill, rng)[..., np.newaxis]

    return inputs, warnings


def _first_readable(found: ClipSet, spec: KeywordSpottingSpec) -> NDArray[np.int16]:
    for clip in found.clips:
        try:
            return read_clip(clip, spec.features.sample_rate, spec.dataset)
        except DataError:
            continue
    raise DataError(f"{found.folder}: none of its clips can be read; check the folder")


def _rows_of(part: Part, clips: _ReadClips, spec: KeywordSpottingSpec) -> tuple[Rows, Rows, tuple[str, ...]]:
    """Return the rows to judge, those to standardize by, and what is to be known about them. Raises DataError."""
    if part == "all":
        every = np.arange(len(clips.rows))
        return every, every, ()
    parts = deal_clips(clips.usable, spec.split)
    if spec.split.rule == "all":
        raise DataError(f"{clips.usable.folder}: {NO_TEST}; clips that it never heard can be judged all (--all)")
    if not len(parts.test):
        raise DataError(
            f"{clips.usable.folder}: its test part has no clips; judge all of them (--all), or enlarge "
            "split.test_fraction"
        )
    return parts.test, parts.train, parts.warnings


def _kept_beside(model: Path, spec: KeywordSpottingSpec) -> Preprocessing | None:
    """Return what is kept beside a model. Raises ModelError where that has other features than the spec."""
    path = next(filter(Path.is_file, beside(model)), None)
    # What forecasts keeps other things there.
    if path is None or is_frame(read_bounded(path)):
        return None
    kept = read_preprocessing(path)
    if kept.features != spec.features:
        here, there = spec.features.model_dump(), kept.features.model_dump()
        names = ", ".join(name for name in here if here[name] != there[name])
        raise ModelError(
            f"{model}: was trained with other features ({names}), as {path.name} beside it says; "
            "use those settings, or move that file away where it is of another model"
        )
    return kept


def _scaling(
    kept: Preprocessing | None, spec: KeywordSpottingSpec, clips: _ReadClips, training_rows: Rows
) -> tuple[Preprocessing, ScaledBy]:
    """Return the way to the input under the mean and deviation kept beside the model, where there are any.

    On a device they are used as they stand in the file; those of the clips at hand would flatter or wrong the model.
    """
    if kept:
        return kept, "model" if kept.mean else "nothing"
    labels = clips.usable.labels
    here = fit_preprocessing(spec.features, spec.dataset, labels, clips.pictures[clips.rows[training_rows]])
    return here, "data" if here.mean else "nothing"
