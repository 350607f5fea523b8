"""Judging, timing and weighing a `.tflite` file; nothing here loads TensorFlow."""
