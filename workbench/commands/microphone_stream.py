"""Sound from a microphone for a command: blocks as they come, until it ends."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.errors import AudioError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.audio.microphone import Microphone

POLL_S = 0.02
MOST_SILENT_STREAM_S = 5.0


def blocks(microphone: "Microphone") -> Iterator["NDArray[np.float32]"]:
    """Yield what is new since the last block, some fifty times a second, for as long as the microphone is open.

    Raises AudioError when the stream ended or gives nothing at all.
    """
    while True:
        state = microphone.state
        if state.ended:
            raise AudioError(state.ended)
        if state.seconds_silent_stream > MOST_SILENT_STREAM_S:
            raise AudioError(
                f"{microphone.device.name}: has given no sound for {state.seconds_silent_stream:.0f} s; "
                "plug it in again or choose another with --device"
            )
        heard = microphone.read()
        if len(heard):
            yield heard
        time.sleep(POLL_S)
