"""The process that a model runs in: what ends it is a sentence here, and nothing else ends with it."""

import os
import sys
from functools import partial

import numpy as np
import pytest

from core.errors import ModelError
from core.evaluation.guarded_model import GuardedModel
from tests.core.fake_interpreters import LABELS, PICTURE
from tests.core.tiny_models import dense

PICTURES = np.random.default_rng(0).normal(size=(6, *PICTURE, 1)).astype(np.float32)


@pytest.fixture
def model(tmp_path):
    return dense(tmp_path / "mine.tflite")


def open_with(name, model, patience_s=10.0):
    return GuardedModel(model, interpreter=f"tests.core.fake_interpreters:{name}", patience_s=patience_s)


def test_what_the_interpreter_prints_disturbs_no_answer(model):
    with open_with("Plain", model) as opened:
        opened.fit_labels((*PICTURE, 1), len(LABELS), PICTURES)
        assert np.array_equal(opened.run(PICTURES[:2]), [[0.5, 0.25, 0.25]] * 2)
        assert opened.run(PICTURES[:0]).shape == (0, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Killed", r"mine\.tflite: ended the process that it ran in \(signal SIGKILL\); the file is damaged, or does"),
        ("Quitting", r"mine\.tflite: .*\(exit status 3: F: check failed: size > 0\)"),
        ("Refusing", r"mine\.tflite: LiteRT gave up while running it \(reshape\.cc:92 [^\n]*\); convert"),
    ],
)
def test_a_run_that_fails_is_a_sentence(model, name, said):
    with open_with(name, model) as opened:
        opened.fit_values((*PICTURE, 1), len(LABELS))
        with pytest.raises(ModelError, match=said):
            opened.run(PICTURES)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_after_its_end_it_says_so_again(model):
    with open_with("Killed", model) as opened:
        opened.fit_values((*PICTURE, 1), len(LABELS))
        for _ in range(2):
            with pytest.raises(ModelError, match="ended the process"):
                opened.run(PICTURES)
    with pytest.raises(ModelError, match="ended the process"):
        open_with("KilledWhenOpened", model)


def test_what_does_not_come_back_is_stopped(model):
    with open_with("Hanging", model, patience_s=1.0) as opened:
        opened.fit_values((*PICTURE, 1), len(LABELS))
        with pytest.raises(ModelError, match=r"mine\.tflite: gave no answer in 1 s and was stopped"):
            opened.run(PICTURES)
        assert opened._process.poll() is not None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits addresses for certain")
def test_what_wants_too_much_memory_is_a_sentence(model):
    with open_with("Hungry", model) as opened:
        opened.fit_values((*PICTURE, 1), len(LABELS))
        with pytest.raises(ModelError, match=r"mine\.tflite: wants more memory than"):
            opened.run(PICTURES)


def test_its_process_ends_with_it(model):
    opened = GuardedModel(model)
    process = opened._process
    opened.close()
    assert process.returncode == 0
    let_go = GuardedModel(model)
    process = let_go._process
    del let_go
    assert process.returncode == 0


def test_nothing_is_imported_from_where_one_stands(model, tmp_path, monkeypatch):
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text(f"open({str(tmp_path / 'was_here')!r}, 'w')\n")
    (tmp_path / "json.py").write_text(f"open({str(tmp_path / 'was_here')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    with GuardedModel(model) as opened:
        assert opened.takes == ((1, *PICTURE, 1),)
    assert not (tmp_path / "was_here").exists()


def test_runs_are_timed_there_with_all_threads_asked_for(model):
    told = []
    with GuardedModel(model, num_threads=2) as opened:
        taken_ms = opened.time(3, 50, lambda done, total: told.append((done, total)))
    assert taken_ms.shape == (50,)
    assert (taken_ms > 0).all() and np.median(taken_ms) < 5
    assert all(total == 50 for _, total in told)


@pytest.mark.skipif(not hasattr(os, "kill"), reason="there are no signals")
def test_an_interrupt_of_the_terminal_leaves_it_alone(model):
    import signal

    with GuardedModel(model) as opened:
        opened._process.send_signal(signal.SIGINT)
        opened.fit_values((*PICTURE, 1), len(LABELS))
        assert opened.run(PICTURES).shape == (6, 3)


def test_an_answer_that_nobody_waited_for_is_not_the_next_ones(model):
    def give_up(_done, _total):
        raise KeyboardInterrupt

    with GuardedModel(model) as opened:
        opened.fit_values((*PICTURE, 1), len(LABELS))
        with pytest.raises(KeyboardInterrupt):
            opened.time(0, 2_000_000, give_up)
        with pytest.raises(ModelError, match=r"mine\.tflite: was stopped while it ran; open it again"):
            opened.run(PICTURES)


def test_a_refusal_leaves_it_open(model):
    with GuardedModel(model) as opened:
        with pytest.raises(ModelError, match="takes an input of shape"):
            opened.fit_values((3, 3, 1), len(LABELS))
        opened.fit_values((*PICTURE, 1), len(LABELS))
        assert opened.run(PICTURES).shape == (6, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_file_is_tried_before_it_is_opened_here(model, monkeypatch):
    from core.evaluation import guarded_model, latency
    from core.spec import Measurement

    monkeypatch.setattr(
        guarded_model, "GuardedModel", partial(GuardedModel, interpreter="tests.core.fake_interpreters:Killed")
    )
    with pytest.raises(ModelError, match="ended the process that it ran in"):
        latency.measure(model, lambda: PICTURES[:1], Measurement(num_runs=20))
