"""The cache: filled once, also by two processes at once; never half; capped."""

import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.cache import Notices, cache_root, cached, cached_arrays, require_shape


def cached_folder(kind: str, key: str, fill: Callable[[Path], None], limit_bytes: int = 10**9) -> Path:
    return cached(kind, key, fill, lambda folder: folder, limit_bytes)


def test_a_folder_is_filled_once() -> None:
    filled: list[Path] = []

    def fill(folder: Path) -> None:
        filled.append(folder)
        (folder / "content").write_text("done")

    first = cached_folder("kind", "key", fill)
    assert cached_folder("kind", "key", fill) == first
    assert (first / "content").read_text() == "done"
    assert len(filled) == 1


def test_a_filling_that_fails_leaves_nothing_behind() -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="on fire"):
        cached_folder("kind", "key", fail)
    assert [path.name for path in (cache_root() / "kind").iterdir() if path.is_dir()] == []
    folder = cached_folder("kind", "key", lambda folder: (folder / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]


def test_what_a_killed_filling_left_is_removed_by_the_next_of_its_key() -> None:
    for name in (".key-leftover", ".other-leftover"):
        (cache_root() / "kind" / name).mkdir(parents=True)
    cached_folder("kind", "key", lambda folder: (folder / "whole").touch())
    there = {path.name for path in (cache_root() / "kind").iterdir() if path.is_dir()}
    assert there == {".other-leftover", "key"}


def test_arrays_come_back_memory_mapped_and_read_only() -> None:
    arrays = cached_arrays(
        "kind", "key", lambda: {"a": np.arange(5), "b": np.ones((2, 3), np.float32)}, lambda arrays: None
    )
    assert isinstance(arrays["a"], np.memmap)
    assert arrays["a"].tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="read-only"):
        arrays["b"][0, 0] = 5


def test_the_oldest_are_dropped_beyond_the_limit() -> None:
    for number in range(5):
        folder = cached_folder(
            "kind", f"key{number}", lambda folder: (folder / "x").write_bytes(bytes(1000)) and None, 2500
        )
        os.utime(folder, (number, number))
    kept = sorted(path.name for path in (cache_root() / "kind").iterdir() if path.is_dir())
    assert kept == ["key3", "key4"]


def fill_slowly(
    started: "multiprocessing.synchronize.Barrier", answers: "multiprocessing.Queue[tuple[bool, str]]"
) -> None:
    mine = False

    def fill(folder: Path) -> None:
        nonlocal mine
        mine = True
        (folder / "first").write_text("1")
        time.sleep(0.5)
        (folder / "second").write_text("2")

    started.wait()
    folder = cached_folder("kind", "key", fill)
    answers.put((mine, (folder / "first").read_text() + (folder / "second").read_text()))


def test_of_two_processes_one_fills_and_the_other_waits() -> None:
    context = multiprocessing.get_context("spawn")
    started, answers = context.Barrier(2), context.Queue()
    processes = [context.Process(target=fill_slowly, args=(started, answers)) for _ in range(2)]
    for process in processes:
        process.start()
    got = sorted(answers.get(timeout=120) for _ in processes)
    for process in processes:
        process.join()
    assert got == [(False, "12"), (True, "12")]


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "cut in its header": lambda path: path.write_bytes(path.read_bytes()[:20]),
    "missing": lambda path: path.unlink(),
    "of another shape": lambda path: np.save(path, np.zeros(3)),
    "of another kind": lambda path: path.write_bytes(b"PK" + bytes(500)),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_dropped_and_made_anew_once(damage: str) -> None:
    made, said = [], []

    def ask() -> dict[str, np.ndarray]:
        def compute() -> dict[str, np.ndarray]:
            made.append(1)
            return {"a": np.arange(12.0).reshape(3, 4)}

        def check(arrays) -> None:
            require_shape(arrays["a"], (3, 4))

        return cached_arrays("kind", "key", compute, check, notices=Notices(damaged=said.append))

    ask()
    folder = cache_root() / "kind" / "key"
    DAMAGES[damage](folder / "a.npy")
    for _ in range(2):
        assert ask()["a"].tolist() == np.arange(12.0).reshape(3, 4).tolist()
    assert (len(made), said) == (2, [folder])


def test_what_cannot_be_read_right_after_it_was_made_is_an_error_at_once() -> None:
    made = []
    with pytest.raises(FileNotFoundError):
        cached("kind", "key", made.append, lambda folder: (folder / "never written").read_bytes())
    assert len(made) == 1


def test_content_is_on_the_disk_before_it_has_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    order = []
    fsync, rename = os.fsync, Path.rename
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append(f"sync {os.fstat(handle).st_size}"), fsync(handle)))
    monkeypatch.setattr(Path, "rename", lambda path, to: (order.append(f"rename {to.name}"), rename(path, to))[1])
    cached_folder("kind", "key", lambda folder: ((folder / "inner").mkdir(), (folder / "inner/x").write_bytes(b"123")))
    assert order == ["sync 3", "rename key"]
