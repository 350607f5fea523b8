"""The clips of a recording session, as a model hears them and as they were meant. Knows nothing of Qt."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from core.audio.wav import Sound
from core.datasets.clips import sound_files
from core.results import Classification

if TYPE_CHECKING:
    from core.experiment.clip_classification import ClassifiedClip, ClipClassifier

MOST_CLIPS = 500
"""Beyond so many the oldest is forgotten."""


def sounds_in(path: Path) -> list[Path]:
    """Return the files of sound of a folder and of the folders in it, no more than a session holds; a file as it is."""
    if not path.is_dir():
        return [path]
    folders = [path, *sorted(inner for inner in path.iterdir() if inner.is_dir())]
    return [file for folder in folders for file in sound_files(folder)][:MOST_CLIPS]


@dataclass(frozen=True)
class TestedClip:
    """A sound, what was heard, and what was meant; `expected` is empty while nobody has said."""

    __test__ = False

    name: str
    sound: Sound
    heard: "ClassifiedClip"
    expected: str = ""
    added: Path | None = None
    """File that it was added to the data as."""

    @property
    def is_right(self) -> bool | None:
        """Tell whether what was meant was heard; None while nobody has said what that is."""
        return self.heard.label == self.expected if self.expected else None


class TestedClips:
    """Those clips, oldest first, under the model that listens now."""

    __test__ = False

    changed = Signal()
    """Clips, what was meant, or what was heard changed."""

    def __init__(self) -> None:
        self.classifier: ClipClassifier | None = None
        self.clips: list[TestedClip] = []

    @property
    def labels(self) -> tuple[str, ...]:
        """What the model tells apart; nothing without a model."""
        return self.classifier.labels if self.classifier else ()

    def use(self, classifier: "ClipClassifier | None") -> None:
        """Let another model hear the session; what it does not know was never said."""
        self.classifier = classifier
        if classifier is None:
            self.clips = []
        else:
            self.clips = [
                replace(
                    clip,
                    heard=classifier.classify(clip.sound),
                    expected=clip.expected if clip.expected in classifier.labels else "",
                )
                for clip in self.clips
            ]
        self.changed.emit()

    def hear(self, name: str, sound: Sound, expected: str = "") -> TestedClip:
        """Let the model hear a sound; there must be a model."""
        assert self.classifier is not None
        clip = TestedClip(name, sound, self.classifier.classify(sound), expected if expected in self.labels else "")
        self.clips = [*self.clips, clip][-MOST_CLIPS:]
        self.changed.emit()
        return clip

    def correct(self, place: int, expected: str) -> None:
        """Say what the clip at a place was meant to be."""
        self._put(place, replace(self.clips[place], expected=expected))

    def mark_added(self, place: int, path: Path) -> None:
        """Say that the clip at a place is in the data now."""
        self._put(place, replace(self.clips[place], added=path))

    def forget_added(self, path: Path) -> None:
        """Say that a file is in the data no more."""
        self.clips = [replace(clip, added=None) if clip.added == path else clip for clip in self.clips]
        self.changed.emit()

    def begin_anew(self) -> None:
        """Forget the session."""
        self.clips = []
        self.changed.emit()

    @property
    def num_judged(self) -> int:
        """Clips of which it is known what was meant."""
        return sum(clip.is_right is not None for clip in self.clips)

    @property
    def num_right(self) -> int:
        """Clips that were heard as they were meant."""
        return sum(clip.is_right is True for clip in self.clips)

    @property
    def quality(self) -> Classification | None:
        """Which label was taken for which; None before anything was judged."""
        # Loaded here, for it brings LiteRT with it.
        from core.evaluation.classification import tally

        judged = [clip for clip in self.clips if clip.expected]
        if not judged:
            return None
        predicted = np.array([self.labels.index(clip.heard.label) for clip in judged])
        targets = np.array([self.labels.index(clip.expected) for clip in judged])
        return tally(predicted, targets, self.labels)

    def advice(self, place: int) -> str:
        """Return in one sentence what would help with the clip at a place."""
        clip = self.clips[place]
        return clip.heard.advice(clip.expected, self.quality)

    def _put(self, place: int, clip: TestedClip) -> None:
        self.clips = [*self.clips[:place], clip, *self.clips[place + 1 :]]
        self.changed.emit()
