"""Sound files, damaged: their formats, samples, the facts of a folder with them, and what a model makes of them."""

import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import soundfile

from core.audio import sound_file, wav
from core.audio.wav import Sound, write_wav
from core.datasets.clip_facts import read_facts
from core.datasets.clips import find_clips
from core.datasets.waveforms import load_noise, load_waveforms
from core.events import ignore
from core.experiment.clip_classification import ClipClassifier
from core.experiment.model_choice import choose_model
from core.spec import Dataset
from tests.mutation.kind import Attempt, Trials
from tests.mutation.mutations import mutate_bytes

_RATE = 16_000
_SECONDS = 0.2
_HEAD_BYTES = 64
# Looking through a folder costs as much as fifty readings of one file.
_FOLDERS_ONE_IN = 20
_COMPRESSED = (
    ("tone.flac", "FLAC", None), ("tone.ogg", "OGG", "VORBIS"), ("tone.opus", "OGG", "OPUS"), ("tone.mp3", "MP3", None),
    ("tone.aiff", "AIFF", None), ("tone.w64", "W64", None), ("rf64.wav", "RF64", None), ("alaw.wav", "WAV", "ALAW"),
    ("ulaw.wav", "WAV", "ULAW"), ("adpcm.wav", "WAV", "IMA_ADPCM"),
)  # fmt: skip
"""Name, format and encoding of what libsndfile writes; its Ogg has a serial number of its own in every run."""

_COMPRESSED_NAMES = {name for name, _, _ in _COMPRESSED}


class Sounds:
    """Clips of several formats and forms, one of them damaged."""

    def __init__(self, seeds: Path, scratch: Path) -> None:
        self._seeds = {path.name: path.read_bytes() for path in sorted((seeds / "sounds").iterdir())}
        self._clips = scratch / "clips"
        for label in ("go", "stop"):
            (self._clips / label).mkdir(parents=True)
            (self._clips / label / "whole.wav").write_bytes(self._seeds["pcm16.wav"])
        (self._clips / "_background_noise_").mkdir()
        shutil.copyfile(seeds / "hiss.wav", self._clips / "_background_noise_" / "hiss.wav")
        self._scratch = scratch
        self._classifier = ClipClassifier(choose_model(seeds / "model.tflite"))

    @staticmethod
    def prepare(seeds: Path, trials: Trials) -> None:
        """Write a tone in each form, and a model to hear it."""
        for name in ("model.tflite", "preprocessing.json"):
            shutil.copyfile(trials.spotting / name, seeds / name)
        hiss = 0.01 * np.random.default_rng(0).standard_normal(3 * _RATE)
        write_wav(seeds / "hiss.wav", Sound(hiss.astype(np.float32), _RATE))
        folder = seeds / "sounds"
        folder.mkdir()
        time_s = np.arange(round(_RATE * _SECONDS)) / _RATE
        tone = (0.3 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)
        write_wav(folder / "pcm16.wav", Sound(tone, _RATE))
        write_wav(folder / "pcm16-8000.wav", Sound(tone[::2], _RATE // 2))
        _write_form(folder / "float32.wav", 3, 1, 4, tone.astype("<f4").tobytes())
        _write_form(folder / "pcm8-stereo.wav", 1, 2, 1, np.repeat(128 + 50 * tone, 2).astype(np.uint8).tobytes())
        stereo24 = np.repeat(tone * 2**31, 2).astype("<i4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
        _write_form(folder / "pcm24-stereo.wav", 1, 2, 3, stereo24)
        code = struct.pack("<HHIH", 22, 16, 4, 1) + bytes.fromhex("000000001000800000aa00389b71")
        _write_form(folder / "extensible.wav", 0xFFFE, 1, 2, wav.to_int16(tone).tobytes(), code)
        for name, form, encoding in _COMPRESSED:
            soundfile.write(folder / name, tone, _RATE, format=form, subtype=encoding)

    def whole(self) -> Iterator[tuple[str, bytes, bool]]:
        """Yield each form as it is."""
        for name, content in self._seeds.items():
            yield name, content, True

    def damaged(self, rng: Random) -> tuple[str, bytes, bool]:
        """Return a file's name and content, and whether a folder with it is looked through as well."""
        name = rng.choice(list(self._seeds))
        content = mutate_bytes(rng, self._seeds[name], list(self._seeds.values()), _HEAD_BYTES)
        return name, content, rng.randrange(_FOLDERS_ONE_IN) == 0

    def attempts(self, given: tuple[str, bytes, bool]) -> Iterator[Attempt]:
        """Read the file every way there is."""
        name, content, in_folder = given
        path = self._clips / "go" / f"damaged{Path(name).suffix}"
        path.write_bytes(content)
        try:
            yield lambda: sound_file.read_format(path).seconds
            yield lambda: sound_file.read_sound(path, 50, 100)
            yield lambda: sum(map(len, sound_file.read_blocks(path, _RATE)))
            if name not in _COMPRESSED_NAMES:
                # As a device reads it.
                yield lambda: wav.read_wav(path)
            yield lambda: self._classifier.classify_file(path).advice()
            if in_folder:
                yield lambda: read_facts(self._clips)
                noise = self._clips / "_background_noise_" / path.name
                noise.write_bytes(content)
                try:
                    yield self._load
                finally:
                    noise.unlink()
        finally:
            path.unlink()

    def tidy(self) -> None:
        """Empty the cache."""
        shutil.rmtree(self._scratch / "cache", ignore_errors=True)

    def _load(self) -> None:
        dataset = Dataset(folder=str(self._clips), include_silence=True)
        found = find_clips(dataset)
        load_waveforms(found, _RATE, dataset, ignore)
        load_noise(found, _RATE)


def _write_form(path: Path, code: int, num_channels: int, sample_bytes: int, data: bytes, more: bytes = b"") -> None:
    """Write a WAV file of a form that the program itself only reads."""
    frame_bytes = num_channels * sample_bytes
    head = struct.pack("<HHIIHH", code, num_channels, _RATE, _RATE * frame_bytes, frame_bytes, 8 * sample_bytes) + more
    chunks = b"fmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
