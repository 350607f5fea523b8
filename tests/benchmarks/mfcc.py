"""MFCCs of one clip: ours against TensorFlow, called as the course calls it, and against librosa."""

import statistics
import time
from collections.abc import Callable

import numpy as np

from core.audio.wav import read_wav
from core.features.mel import FeatureExtractor
from core.spec import Features
from tests.benchmarks import clips, scene
from tests.benchmarks.figure import Figure

SETTINGS = Features()  # 40 ms frames every 20 ms, 40 mel bins from 20 to 4000 Hz, 10 coefficients
NUM_SAMPLES = 16000
ROUNDS, CALLS = 30, 5
TOLERANCE = 1e-3


def measure() -> list[Figure]:
    """Time the same MFCCs by turns; first see that they are the same."""
    with scene.home_folder() as home:
        folder, labels = clips.clips_and_labels(home)
        label = labels[0] if labels else "low"
        samples = read_wav(sorted((folder / label).glob("*.wav"))[0]).samples
    waveform = np.zeros(NUM_SAMPLES, np.float32)
    waveform[: len(samples)] = samples[:NUM_SAMPLES]
    extractor = FeatureExtractor(SETTINGS, NUM_SAMPLES)

    def ours() -> np.ndarray:
        return extractor.compute(waveform[np.newaxis])[0]

    ways = {
        "ours": ours,
        "tensorflow": tensorflow_eager(waveform),
        "librosa": librosa_call(waveform),
        "librosa, mel filters kept": librosa_kept(waveform),
    }
    _require_equal(ways)
    medians = _time_by_turns(ways)
    microseconds = {way: 1e6 * seconds for way, seconds in medians.items()}
    own = microseconds["ours"]
    wanted = {"tensorflow": 20.0, "librosa": 5.0, "librosa, mel filters kept": None}
    names = {"tensorflow": "MFCC of a clip: TF eager ÷ ours", "librosa": "MFCC of a clip: librosa ÷ ours"}
    return [
        Figure(
            names.get(way, f"MFCC of a clip: {way} ÷ ours"),
            microseconds[way] / own,
            "×",
            {f"{way} µs": microseconds[way], "ours µs": own},
            at_least=at_least,
        )
        for way, at_least in wanted.items()
    ]


def tensorflow_eager(waveform: np.ndarray) -> Callable[[], np.ndarray]:
    """Return the course's way: `tf.signal`, eagerly, the mel matrix made once."""
    import tensorflow as tf

    matrix = tf.signal.linear_to_mel_weight_matrix(
        SETTINGS.num_mel_bins,
        SETTINGS.effective_fft_length // 2 + 1,
        SETTINGS.sample_rate,
        SETTINGS.lower_edge_hertz,
        SETTINGS.upper_edge_hertz,
    )
    audio = tf.constant(waveform)

    def compute() -> np.ndarray:
        stft = tf.signal.stft(audio, SETTINGS.frame_length, SETTINGS.frame_step, SETTINGS.effective_fft_length)
        log_mel = tf.math.log(tf.tensordot(tf.abs(stft), matrix, 1) + 1e-6)
        return tf.signal.mfccs_from_log_mel_spectrograms(log_mel)[..., : SETTINGS.num_mfccs].numpy()

    return compute


def librosa_call(waveform: np.ndarray) -> Callable[[], np.ndarray]:
    """Return `librosa.feature.mfcc` with every argument that brings it near ours; it knows no log of a magnitude."""
    import librosa

    def compute() -> np.ndarray:
        return librosa.feature.mfcc(
            y=waveform,
            sr=SETTINGS.sample_rate,
            n_mfcc=SETTINGS.num_mfccs,
            n_fft=SETTINGS.effective_fft_length,
            win_length=SETTINGS.frame_length,
            hop_length=SETTINGS.frame_step,
            center=False,
            power=1.0,
            n_mels=SETTINGS.num_mel_bins,
            fmin=SETTINGS.lower_edge_hertz,
            fmax=SETTINGS.upper_edge_hertz,
            htk=True,
            norm=None,
        ).T

    return compute


def librosa_kept(waveform: np.ndarray) -> Callable[[], np.ndarray]:
    """Return the same from librosa's parts, the mel matrix made once and the logarithm as ours."""
    import librosa

    matrix = librosa.filters.mel(
        sr=SETTINGS.sample_rate,
        n_fft=SETTINGS.effective_fft_length,
        n_mels=SETTINGS.num_mel_bins,
        fmin=SETTINGS.lower_edge_hertz,
        fmax=SETTINGS.upper_edge_hertz,
        htk=True,
        norm=None,
    )

    def compute() -> np.ndarray:
        stft = librosa.stft(
            waveform,
            n_fft=SETTINGS.effective_fft_length,
            win_length=SETTINGS.frame_length,
            hop_length=SETTINGS.frame_step,
            center=False,
        )
        log_mel = np.log(matrix @ np.abs(stft) + np.float32(1e-6))
        return librosa.feature.mfcc(S=log_mel, n_mfcc=SETTINGS.num_mfccs).T

    return compute


def _require_equal(ways: dict[str, Callable[[], np.ndarray]]) -> None:
    """Librosa pads its window on both sides and scales its DCT otherwise, so of it only the shape can be compared."""
    expected = ways["ours"]()
    difference = np.abs(ways["tensorflow"]() - expected).max()
    if difference > TOLERANCE:
        raise AssertionError(f"TensorFlow's MFCCs differ from ours by {difference:g}")
    frames = {way: compute().shape[1] for way, compute in ways.items()}
    if set(frames.values()) != {SETTINGS.num_mfccs}:
        raise AssertionError(f"the ways give different numbers of coefficients: {frames}")


def _time_by_turns(ways: dict[str, Callable[[], np.ndarray]]) -> dict[str, float]:
    """Return the median seconds of a call of each way."""
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, compute in ways.items():
            compute()
            for _ in range(CALLS):
                started = time.perf_counter()
                compute()
                times[way].append(time.perf_counter() - started)
    return {way: statistics.median(found) for way, found in times.items()}
