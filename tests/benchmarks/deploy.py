"""Deploying and measuring over SSH on loopback, and what a clip costs on the device against a course's script."""

from tests.benchmarks import clips, scene
from tests.benchmarks.clips import MissingError
from tests.benchmarks.figure import Figure
from tests.ssh_server import SSHD


def measure() -> list[Figure]:
    """Play the scene once; all figures come from it."""
    if not SSHD.is_file():
        raise MissingError(f"needs {SSHD}; `resources/system-packages test` installs it")
    with scene.home_folder() as home:
        found = scene.play("deploy_scene", home, str(home), TINYML_WORKBENCH_CONFIG=str(home / "config"))
    where = f"{found['board']}, {clips.description()}"
    return [
        Figure(
            "click to first number of a device",
            found["first_number_s"],
            "s",
            {"s": found["first_number_s"]},
            at_most=5.0,
            note="deployed and measured in one job of a running worker",
        ),
        Figure(
            "redeployment of a changed model",
            found["slowest_redeployed_s"],
            "s",
            {"fastest s": found["redeployed_s"], "slowest s": found["slowest_redeployed_s"]},
            at_most=2.0,
        ),
        Figure(
            "system E on the device: course ÷ ours",
            found["course_total_ms"] / found["total_ms"],
            "×",
            {
                "course ms": found["course_total_ms"],
                "of it features ms": found["course_feature_ms"],
                "ours ms": found["total_ms"],
                "of it features ms ": found["feature_ms"],
                "inference ms": found["inference_ms"],
            },
            at_least=10.0,
            note=where + ("" if found["agrees"] else "; accuracy differs from the desktop's"),
        ),
    ]
