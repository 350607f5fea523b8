"""The player, heard by a virtual microphone."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from core.audio.microphone import Microphone
from core.audio.player import Player
from core.errors import AudioError
from tests.sound import VirtualMicrophone


def noise(seconds: float, sample_rate: int = 16000) -> np.ndarray:
    numbers = np.random.default_rng(4).integers(100, 12000, round(seconds * sample_rate))
    numbers[::2] *= -1
    return (numbers / 32768).astype(np.float32)


def until(is_so: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.005)


def test_all_of_a_sound_is_heard_and_its_position_told(virtual_microphone: VirtualMicrophone) -> None:
    played = noise(1.0)
    player = Player()
    positions: list[tuple[float, float]] = []

    def has_ended() -> bool:
        position = player.position_s
        if position is not None:
            positions.append((time.monotonic(), position))
        return position is None

    with Microphone(device=virtual_microphone.name) as microphone:
        until(lambda: microphone.state.seconds_silent_stream == 0)
        player.play(played, 16000)
        until(has_ended)
        blocks = [microphone.read()]
        until(lambda: blocks.append(microphone.read()) or sum(map(len, blocks)) > 16_000)
    heard = np.concatenate(blocks)
    heard = heard[np.flatnonzero(heard)[0] :][: len(played)]
    assert np.dot(heard, played) / np.sqrt(np.dot(heard, heard) * np.dot(played, played)) > 0.9
    seconds = [position for _, position in positions]
    assert seconds == sorted(seconds)
    assert seconds[0] < 0.2
    assert 0.8 < seconds[-1] <= 1.0
    moving = [pair for pair in positions if 0.2 < pair[1] < 0.8]
    assert moving[-1][0] - moving[0][0] == pytest.approx(moving[-1][1] - moving[0][1], abs=0.1)


def test_another_sound_takes_the_place_of_the_first_and_can_be_stopped(virtual_microphone: VirtualMicrophone) -> None:
    player = Player()
    assert player.position_s is None
    player.play(noise(30), 16000)
    until(lambda: (player.position_s or 0) > 0.1)
    player.play(noise(30, 44100), 44100)
    assert (player.position_s or 0) < 0.1
    until(lambda: (player.position_s or 0) > 0.1)
    player.stop()
    assert player.position_s is None
    player.stop()


def test_the_end_of_the_sound_server_ends_the_sound(virtual_microphone: VirtualMicrophone) -> None:
    player = Player()
    player.play(noise(30), 16000)
    until(lambda: (player.position_s or 0) > 0.1)
    virtual_microphone.kill()
    until(lambda: player.position_s is None)
    with pytest.raises(AudioError, match="There is no loudspeaker; plug one in"):
        player.play(noise(1), 16000)
    virtual_microphone.restart()
    player.play(noise(0.3), 16000)
    until(lambda: player.position_s is None)


def test_an_unknown_loudspeaker_is_said(virtual_microphone: VirtualMicrophone) -> None:
    with pytest.raises(AudioError, match="There is no loudspeaker “gramophone”; plug one in"):
        Player("gramophone").play(noise(1), 16000)
