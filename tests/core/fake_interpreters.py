"""Interpreters that fail as LiteRT may on a damaged file, told to by nothing in the file; the guard runs them."""

import os
import signal
import sys
import time
from typing import Any

import numpy as np

PICTURE = (7, 5)
"""Frames and coefficients of the pictures that models of the tests take."""
LABELS = ("go", "stop", "yes")


class Plain:
    """Gives the same probabilities whatever it is given, and prints as LiteRT does."""

    def __init__(self, model_content: bytes, num_threads: int) -> None:
        self.size_bytes = len(model_content) * num_threads
        print("INFO: Created a delegate")

    def allocate_tensors(self) -> None:
        """Nothing is to be allocated."""

    def get_input_details(self) -> list[dict[str, Any]]:
        """Describe one picture."""
        return [{"index": 0, "shape": np.array((1, *PICTURE, 1)), "dtype": np.float32, "quantization": (0.0, 0)}]

    def get_output_details(self) -> list[dict[str, Any]]:
        """Describe one probability for each label."""
        return [{"index": 1, "shape": np.array((1, len(LABELS))), "dtype": np.float32, "quantization": (0.0, 0)}]

    def reset_all_variables(self) -> None:
        """Nothing is remembered."""

    def set_tensor(self, index: int, value: Any) -> None:
        """Take nothing to heart."""

    def invoke(self) -> None:
        """Do nothing."""

    def get_tensor(self, index: int) -> Any:
        """Return the same probabilities."""
        return np.array([[0.5, 0.25, 0.25]], np.float32)


class Killed(Plain):
    """Ends its process as a fault in a kernel does."""

    def invoke(self) -> None:
        """End."""
        os.kill(os.getpid(), signal.SIGKILL)


class KilledWhenOpened(Plain):
    """Ends its process while the file is opened."""

    def allocate_tensors(self) -> None:
        """End."""
        os.kill(os.getpid(), signal.SIGKILL)


class Quitting(Plain):
    """Ends its process as a failed check does."""

    def invoke(self) -> None:
        """End."""
        sys.stderr.write("F: check failed: size > 0\n")
        sys.stderr.flush()
        os._exit(3)


class Hanging(Plain):
    """Does not come back."""

    def invoke(self) -> None:
        """Sleep far longer than anybody waits."""
        time.sleep(600)


class Hungry(Plain):
    """Wants more memory than its process may have."""

    def invoke(self) -> None:
        """Ask for it."""
        np.ones(1 << 34, np.uint8)


class Refusing(Plain):
    """Says no at run time."""

    def invoke(self) -> None:
        """Raise what LiteRT raises."""
        raise RuntimeError("reshape.cc:92 num_input_elements != num_output_elements\nNode 3 failed to prepare")
