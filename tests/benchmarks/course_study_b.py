"""Study B as a course report does it: one plain script, `tf.data` and `model.fit`, one model after another.

Clips are read and transformed anew in every epoch; reading runs in parallel and ahead of the training. Takes a JSON
file with the clips of each part and the settings; prints one JSON line per model. Imports nothing of the program.
"""

import json
import os
import sys
import tempfile
import time
import zipfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras

SAMPLE_RATE = 16000
FRAME = 256  # 16 ms, no overlap
NUM_MEL_BINS, LOWER_HERTZ, UPPER_HERTZ, NUM_MFCCS = 40, 20.0, 8000.0, 10
FILTERS = 256
BATCH = 20
MODELS = {
    "A": {"separable": False, "width": 1.0, "pruned": False},
    "B": {"separable": True, "width": 1.0, "pruned": False},
    "C": {"separable": False, "width": 0.25, "pruned": False},
    "D": {"separable": False, "width": 1.0, "pruned": True},
    "E": {"separable": True, "width": 1.0, "pruned": True},
    "F": {"separable": True, "width": 0.25, "pruned": False},
    "G": {"separable": True, "width": 0.25, "pruned": True},
}
MEL_MATRIX = tf.signal.linear_to_mel_weight_matrix(NUM_MEL_BINS, FRAME // 2 + 1, SAMPLE_RATE, LOWER_HERTZ, UPPER_HERTZ)


def read(path, target):
    """Read a clip and pad or cut it to a second."""
    audio, _ = tf.audio.decode_wav(tf.io.read_file(path), desired_channels=1, desired_samples=SAMPLE_RATE)
    return tf.squeeze(audio, -1), target


def transform(audio, target):
    """Compute the MFCCs of a clip."""
    spectrogram = tf.abs(tf.signal.stft(audio, FRAME, FRAME, FRAME))
    log_mel = tf.math.log(tf.tensordot(spectrogram, MEL_MATRIX, 1) + 1e-6)
    mfccs = tf.signal.mfccs_from_log_mel_spectrograms(log_mel)[..., :NUM_MFCCS]
    return tf.expand_dims(mfccs, -1), target


def dataset(clips):
    """Return batches of (MFCCs, target)."""
    paths, targets = zip(*clips, strict=True)
    return (
        tf.data.Dataset.from_tensor_slices((list(paths), list(targets)))
        .map(read, num_parallel_calls=tf.data.AUTOTUNE)
        .map(transform, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(BATCH)
    )


def training_dataset(clips):
    """Return shuffled batches; the paths are shuffled, before anything is read."""
    paths, targets = zip(*clips, strict=True)
    return (
        tf.data.Dataset.from_tensor_slices((list(paths), list(targets)))
        .shuffle(len(clips), seed=0)
        .map(read, num_parallel_calls=tf.data.AUTOTUNE)
        .map(transform, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(BATCH)
        .prefetch(tf.data.AUTOTUNE)
    )


def build(input_shape, num_outputs, separable, width):
    """Build the course's network: three convolutions, the last two separable if asked."""
    filters = int(FILTERS * width)
    layers = [
        keras.layers.Input(input_shape),
        keras.layers.Conv2D(filters, 3, strides=2, padding="valid", use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.ReLU(),
    ]
    for _ in range(2):
        if separable:
            layers.append(keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False))
            layers.append(keras.layers.Conv2D(filters, 1, use_bias=False))
        else:
            layers.append(keras.layers.Conv2D(filters, 3, padding="same", use_bias=False))
        layers += [keras.layers.BatchNormalization(), keras.layers.ReLU()]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(num_outputs), keras.layers.Softmax()]
    return keras.Sequential(layers)


def fit(model, train, validation, epochs, initial_learning_rate, end_learning_rate, callbacks=()):
    """Fit with the learning rate falling linearly."""
    steps = epochs * len(train)
    schedule = keras.optimizers.schedules.PolynomialDecay(initial_learning_rate, steps, end_learning_rate)
    model.compile(keras.optimizers.Adam(schedule), keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    model.fit(train, epochs=epochs, validation_data=validation, verbose=0, callbacks=list(callbacks))


def prune(model, train, validation, settings):
    """Fine-tune under a sparsity that rises from 0.2 to 0.7."""
    epoch, steps = len(train), settings["fine_tuning_epochs"] * len(train)
    # Masks are renewed once an epoch; the last renewal must fall on the end of the schedule.
    begin, end = (int(settings[name] * steps) // epoch * epoch for name in ("begin", "end"))
    sparsity = tfmot.sparsity.keras.PolynomialDecay(
        settings["initial_sparsity"], settings["final_sparsity"], begin, max(begin + epoch, end), frequency=epoch
    )
    wrapped = tfmot.sparsity.keras.prune_low_magnitude(model, pruning_schedule=sparsity)
    fit(
        wrapped,
        train,
        validation,
        settings["fine_tuning_epochs"],
        settings["fine_tuning_learning_rate"],
        settings["end_learning_rate"],
        [tfmot.sparsity.keras.UpdatePruningStep()],
    )
    return tfmot.sparsity.keras.strip_pruning(wrapped)


def convert(model, path):
    """Write the `.tflite` and its zip; return the bytes of the zip."""
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    with zipfile.ZipFile(f"{path}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    return Path(f"{path}.zip").stat().st_size


def judge(path, test):
    """Return (clips told right, clips) of the `.tflite` itself."""
    interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    inputs, outputs = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    right = count = 0
    for mfccs, target in test.unbatch().batch(1):
        interpreter.set_tensor(inputs, mfccs)
        interpreter.invoke()
        right += int(np.argmax(interpreter.get_tensor(outputs)[0]) == int(target[0]))
        count += 1
    return right, count


def main(settings_path):
    """Train, prune, convert and judge the models in their order."""
    settings = json.loads(Path(settings_path).read_text())
    train = training_dataset(settings["train"])
    validation, test = dataset(settings["validation"]).prefetch(1), dataset(settings["test"])
    for letter, options in MODELS.items():
        started = time.perf_counter()
        keras.backend.clear_session()
        keras.utils.set_random_seed(0)
        input_shape = train.element_spec[0].shape[1:]
        model = build((SAMPLE_RATE // FRAME, *input_shape[1:]), 2, options["separable"], options["width"])
        rates = settings["initial_learning_rate"], settings["end_learning_rate"]
        fit(model, train, validation, settings["epochs"], *rates)
        base_seconds = time.perf_counter() - started
        if options["pruned"]:
            model = prune(model, train, validation, settings)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.tflite"
            zip_bytes = convert(model, path)
            right, count = judge(path, test)
        found = {
            "letter": letter,
            "right": right,
            "clips": count,
            "zip_bytes": zip_bytes,
            "params": model.count_params(),
        }
        print(json.dumps({**found, "seconds": time.perf_counter() - started, "base_seconds": base_seconds}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
