"""What becomes of a trained network: numbers, file, stopwatch."""

from typing import ClassVar, Literal

from core.section import Section, setting


class Quantization(Section):
    """How weights and activations are stored in the deployed file."""

    title: ClassVar[str] = "Quantization"
    INT8: ClassVar = {"scheme": ("int8",)}
    INTEGERS: ClassVar = {"scheme": ("int8", "int16x8")}

    scheme: Literal["float32", "float16", "dynamic_range", "int8", "int16x8"] = setting(
        "int8",
        "int16x8 stores weights in 8 bits and computes on 16, with float32 in and out. dynamic_range leaves tensors "
        "under 1,024 values as they are, so it does nothing for a tiny network.",
    )
    granularity: Literal["per_channel", "per_tensor"] = setting(
        "per_channel", "One scale per filter, or one per tensor, which saves 8 to 24 bytes a filter.", applies=INT8
    )
    representative_examples: int = setting(
        200,
        "Training examples that the ranges of the activations are taken from.",
        ge=10,
        le=5000,
        unit="examples",
        applies=INTEGERS,
        formerly="representative_clips",
    )
    input_output: Literal["int8", "float32"] = setting(
        "int8", "Type of the deployed file's own input and output.", applies=INT8
    )


class ForecastQuantization(Quantization):
    """How weights and activations are stored; the file's own input and output stay as they are measured."""

    scheme: Literal["float32", "float16", "dynamic_range", "int8", "int16x8"] = setting(
        "float16",
        "float16 makes the smallest file of a network of a few hundred weights: int8 needs scales and operations "
        "around it; dynamic_range leaves tensors under 1,024 values and LSTM cells as they are.",
    )
    # One scale of 256 steps for all quantities would round away what changes within ten minutes.
    input_output: Literal["float32"] = setting(
        "float32", "Type of the deployed file's own input and output.", applies=Quantization.INT8
    )


class Conversion(Section):
    """The flatbuffer."""

    title: ClassVar[str] = "File"

    slim: bool = setting(
        True, "Drop names, signatures and metadata from the flatbuffer; outputs stay equal to the bit."
    )


class Measurement(Section):
    """How latency is measured on this machine, at batch 1."""

    title: ClassVar[str] = "Measurement"

    num_threads: int = setting(1, "Threads of the interpreter.", ge=1, le=64)
    warmup_runs: int = setting(20, "Runs before the clock starts.", ge=0, le=10_000)
    num_runs: int = setting(200, "Runs that are timed.", ge=10, le=100_000)
