"""The player, heard by a virtual microphone."""

import time

import numpy as np
import pytest

from core.audio.microphone import Microphone
from core.audio.player import Player
from core.errors import AudioError
from tests.sound import VirtualMicrophone
from tests.waiting import until


def noise(seconds: float, sample_rate: int = 16000) -> np.ndarray:
    numbers = np.random.default_rng(4).integers(100, 12000, round(seconds * sample_rate))
    numbers[::2] *= -1
    return (numbers / 32768).astype(np.float32)


def test_all_of_a_sound_is_heard_and_its_position_told(virtual_microphone: VirtualMicrophone) -> None:
    played = noise(1.0)
    player = Player()
    told: list[tuple[float, float | None, float]] = []

    def has_ended() -> bool:
        # This thread may be held up at any place, so a position is known to be of some moment between two.
        before_s, position = time.monotonic(), player.position_s
        told.append((before_s, position, time.monotonic()))
        return position is None

    with Microphone(device=virtual_microphone.name) as microphone:
        until(lambda: microphone.state.seconds_silent_stream == 0)
        begun_s = time.monotonic()
        player.play(played, 16000)
        until(has_ended)
        blocks = [microphone.read()]
        begin = np.flatnonzero(blocks[0])[0]
        # What was played last may still be on its way to the microphone.
        until(lambda: blocks.append(microphone.read()) or sum(map(len, blocks)) >= begin + len(played))
    heard = np.concatenate(blocks)[begin:][: len(played)]
    assert np.dot(heard, played) / np.sqrt(np.dot(heard, heard) * np.dot(played, played)) > 0.9
    *moments, (ended_s, _, _) = told
    seconds = [position for _, position, _ in moments]
    assert seconds == sorted(seconds)
    assert seconds[0] < 0.2 + moments[0][2] - begun_s
    assert 0.8 - (ended_s - moments[-1][0]) < seconds[-1] <= 1.0
    (begin_s, first, after_begin_s), *_, (end_s, last, after_end_s) = [each for each in moments if 0.2 < each[1] < 0.8]
    assert end_s - after_begin_s - 0.1 < last - first < after_end_s - begin_s + 0.1


def test_another_sound_takes_the_place_of_the_first_and_can_be_stopped(virtual_microphone: VirtualMicrophone) -> None:
    player = Player()
    assert player.position_s is None
    player.play(noise(30), 16000)
    until(lambda: (player.position_s or 0) > 0.1)
    begun_s = time.monotonic()
    player.play(noise(30, 44100), 44100)
    assert (player.position_s or 0) <= time.monotonic() - begun_s
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
