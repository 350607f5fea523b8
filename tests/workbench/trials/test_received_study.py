"""A received study on the page: a trial that leads elsewhere by a link is shown, explained, and breaks nothing."""

import os
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and FIFOs are POSIX's")


@pytest.mark.parametrize("kind", ["a link in it", "a FIFO in it", "a link itself"])
def test_a_trial_that_leads_elsewhere_is_shown_and_explained(open_page, maker, seven, session, tmp_path, kind, qtbot):
    name = seven[2]
    folder = maker.study.folder_of(name)
    match kind:
        case "a link in it":
            (folder / "log.txt").unlink(missing_ok=True)
            (folder / "log.txt").symlink_to(tmp_path / "elsewhere")
        case "a FIFO in it":
            os.mkfifo(folder / "forecasts.npz")
        case _:
            folder.rename(tmp_path / name)
            folder.symlink_to(tmp_path / name)
    page = open_page(maker.study)
    session.select((name,))
    qtbot.waitUntil(lambda: "so it is not opened" in page.details.message.text())
    session.select((seven[0], name))
    session.select((seven[0],))
    qtbot.waitUntil(lambda: not page.details.message.text())
