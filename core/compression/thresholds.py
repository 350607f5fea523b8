"""Sizes at which a file is stored otherwise. Loads nothing, so that the estimate can go by them too."""

LEAST_QUANTIZED = 1024
"""Numbers of a tensor from which on dynamic-range quantization stores it as int8. LSTM cells stay in float32."""

FEW_HALVES = 40
"""Up to so many float16 numbers are stored as float32: two bytes a number saved are less than an operation costs."""
