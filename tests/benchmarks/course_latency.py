"""Latency as a course's script measures it on a board: `tf.signal` for the MFCCs, `tf.lite` for the model.

Takes a model, a 16 kHz WAV file, the number of MFCCs and of runs; prints medians in milliseconds as one JSON line.
Imports nothing of the program.
"""

import json
import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

SAMPLE_RATE = 16000
FRAME, STEP = 640, 320
NUM_MEL_BINS, LOWER_HERTZ, UPPER_HERTZ = 40, 20.0, 4000.0
WARM_UP = 20


def main() -> None:
    """Time preprocessing and inference of one clip."""
    model, clip, num_mfccs, num_runs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    audio, _ = tf.audio.decode_wav(tf.io.read_file(clip), desired_channels=1, desired_samples=SAMPLE_RATE)
    audio = tf.squeeze(audio, -1)
    fft_length = 1 << (FRAME - 1).bit_length()
    matrix = tf.signal.linear_to_mel_weight_matrix(
        NUM_MEL_BINS, fft_length // 2 + 1, SAMPLE_RATE, LOWER_HERTZ, UPPER_HERTZ
    )
    # On its way out, and still what such scripts use.
    interpreter = tf.lite.Interpreter(model_path=model)
    interpreter.allocate_tensors()
    given, found = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def preprocess():
        stft = tf.signal.stft(audio, FRAME, STEP, fft_length)
        log_mel = tf.math.log(tf.tensordot(tf.abs(stft), matrix, 1) + 1e-6)
        mfccs = tf.signal.mfccs_from_log_mel_spectrograms(log_mel)[..., :num_mfccs]
        return mfccs[tf.newaxis, ..., tf.newaxis]

    def infer(inputs):
        interpreter.set_tensor(given, inputs)
        interpreter.invoke()
        return interpreter.get_tensor(found)

    for _ in range(WARM_UP):
        infer(preprocess())
    features, totals = [], []
    for _ in range(num_runs):
        started = time.perf_counter()
        inputs = preprocess()
        between = time.perf_counter()
        infer(inputs)
        features.append(between - started)
        totals.append(time.perf_counter() - started)
    print(json.dumps({"feature_ms": 1e3 * statistics.median(features), "total_ms": 1e3 * statistics.median(totals)}))


if __name__ == "__main__":
    main()
