"""What a study says and keeps on a read-only disk and on a full one."""

import os
import subprocess
import sys

import pytest

from core.errors import StudyError
from core.experiment.store import Study
from tests.core.studies import run_python, spec

READ_ONLY = """
    import os, sys
    from core.errors import StudyError
    from core.experiment.store import Constraints, Study
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    study = Study.open(sys.argv[1])
    (trial,) = study.summaries()
    print(trial.title)
    for change in (
        lambda: study.add(study.spec(trial.name)),
        lambda: study.set_constraints(Constraints(accuracy_min=0.5)),
        lambda: study.rename(trial.name, "other"),
        lambda: study.delete(trial.name),
        lambda: Study.create(sys.argv[1] + "/inner"),
    ):
        try:
            change()
        except StudyError as error:
            print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="folder permissions are POSIX's")
def test_a_read_only_study_opens_and_says_what_to_do(study):
    study.add(spec(name="kept"))
    folders = [study.folder, *(path for path in study.folder.rglob("*") if path.is_dir())]
    # Any user may enter the folders above, so that one without root's rights meets the study's own permissions.
    above = [path for path in study.folder.parents if path.stat().st_uid == os.getuid() and len(path.parts) > 2]
    modes = {path: path.stat().st_mode for path in [*folders, *above]}
    try:
        for path in above:
            path.chmod(modes[path] | 0o055)
        for path in folders:
            path.chmod(0o555)
        output, _ = run_python(READ_ONLY, study.folder).communicate()
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    title, *sentences = output.splitlines()
    assert title == "kept"
    assert len(sentences) == 5
    assert all("may not be written; copy the study to a folder of yours" in sentence for sentence in sentences)


CLOSED = """
    import os, sys
    from core.errors import StudyError
    from core.experiment.store import Study
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    try:
        Study.open(sys.argv[1])
    except StudyError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="folder permissions are POSIX's")
def test_a_study_that_may_not_be_looked_into_is_named(study):
    mode = study.folder.stat().st_mode
    try:
        study.folder.chmod(0)
        output, _ = run_python(CLOSED, study.folder).communicate()
    finally:
        study.folder.chmod(mode)
    assert output.startswith(f"{study.folder} may not be looked into") and "change its permissions" in output


FULL_DISK = """
    import resource, signal, sys
    from core.errors import StudyError
    from core.experiment.store import Study
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    study = Study.open(sys.argv[1])
    (trial,) = study.summaries()
    spec = study.spec(trial.name)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
    for change in (
        lambda: study.add(spec),
        lambda: study.rename(trial.name, "other"),
        lambda: study.set_reference(trial.name),
    ):
        try:
            change()
        except StudyError as error:
            print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX's")
def test_without_room_nothing_finished_is_lost(study):
    name = study.add(spec(name="kept"))
    output, _ = run_python(FULL_DISK, study.folder).communicate()
    sentences = output.splitlines()
    assert len(sentences) == 3
    assert all("no room left on the disk" in sentence and "free some space" in sentence for sentence in sentences)
    again = Study.open(study.folder)
    assert [trial.title for trial in again.summaries()] == ["kept"]
    assert again.name == "Größe"
    assert not [path for path in again.folder_of(name).iterdir() if path.name.startswith(".spec")]


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting needs root"
)
def test_a_really_full_disk_keeps_what_is_there(tmp_path):
    disk = tmp_path / "small disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        study = Study.create(disk / "study")
        name = study.add(spec(name="kept"))
        with pytest.raises(OSError, match="No space left"), (disk / "filling").open("wb") as file:
            while True:
                file.write(bytes(4096))
                file.flush()
        with pytest.raises(StudyError, match="no room left on the disk"):
            study.add(spec())
        with pytest.raises(StudyError, match="no room left on the disk"):
            study.rename(name, "other")
        assert [trial.title for trial in Study.open(study.folder).summaries()] == ["kept"]
        (disk / "filling").unlink()
        assert study.add(spec()).startswith("0002-")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
