"""What differs in words on the Devices page by what a trial is for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TaskWords:
    """Words of one task."""

    input_part: str
    """What is timed before the network runs."""
    examples: str
    """What it is judged on."""
    quality: str
    there: str
    """What a deployed trial does on a device."""

    @property
    def no_device(self) -> str:
        """Say what a device is good for."""
        return (
            "A Raspberry Pi, or any Linux machine you can reach by SSH: trials are deployed to it by one click and "
            f"measured on it, and there {self.there}."
        )

    @property
    def not_measured(self) -> str:
        """Say what the button does."""
        return (
            "Deploy brings the trial to the device, tries it there, activates it, and measures it: "
            f"{self.input_part}, inference and both together at 1 to all cores, memory, and {self.quality} on test "
            f"{self.examples}. The reference trial is measured beside it, and the figures stand on the charts of the "
            "Trials page."
        )


SPOTTING = TaskWords("features", "clips", "accuracy", "words start things; what it hears and how it does is shown live")
FORECASTING = TaskWords("window", "windows", "errors", "they forecast from a table or a sensor, once or at every step")


def words_of(task: str) -> TaskWords:
    """Return the words of a task; of keyword spotting where there is no trial yet."""
    return FORECASTING if task == "forecasting" else SPOTTING
