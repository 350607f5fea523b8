"""The device jobs against a device of the developer's own, named in TINYML_WORKBENCH_TEST_DEVICE as USER@HOST:PORT.

Its key comes from TINYML_WORKBENCH_TEST_KEY, or from the agent or ~/.ssh. What was in force there is so afterwards.
"""

import os
import shutil

import pytest

from core.errors import UnknownHostKey
from core.events import ignore
from core.experiment.device_intentions import carry_out
from core.experiment.device_jobs import (
    AddDevice,
    BenchmarkOnDevice,
    CheckDevice,
    DeployTrial,
    ProvisionDevice,
    RemoveDevice,
    RollBack,
)
from core.experiment.store import Study

DEVICE = os.environ.get("TINYML_WORKBENCH_TEST_DEVICE", "")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not DEVICE, reason="needs a device named in TINYML_WORKBENCH_TEST_DEVICE as USER@HOST:PORT")
def test_from_the_first_contact_to_the_removal(tone_trial, tmp_path):
    study = Study.open(shutil.copytree(tone_trial.parents[1], tmp_path / "study"))
    user, _, address = DEVICE.rpartition("@")
    host, _, port = address.partition(":")
    key = os.environ.get("TINYML_WORKBENCH_TEST_KEY", "")
    adding = AddDevice(device="own", host=host, port=int(port or 0), user=user, key=key)
    try:
        before = carry_out(adding, ignore)
    except UnknownHostKey as question:
        before = carry_out(adding.model_copy(update={"fingerprint": question.fingerprint}), ignore)
    assert before["missing"] == []
    carry_out(ProvisionDevice(device="own"), ignore)
    where = {"device": "own", "study": str(study.folder)}
    deployed = carry_out(DeployTrial(**where, trial=tone_trial.name), ignore)["release"]
    after = carry_out(CheckDevice(device="own"), ignore)
    assert after["provisioned"] and after["facts"]["release"] == deployed
    (trial,) = carry_out(BenchmarkOnDevice(**where, trials=(tone_trial.name,), num_runs=20, num_clips=24), ignore)[
        "trials"
    ]
    accuracy = trial["latency"]["run"]["accuracy"]
    assert abs(accuracy["num_right"] - accuracy["num_right_here"]) <= 0.005 * accuracy["num_clips"]
    if before["facts"]["release"]:
        carry_out(RollBack(device="own"), ignore)
    carry_out(RemoveDevice(device="own", uninstall=not before["facts"]["release"]), ignore)
