"""What every piece of work for the worker has in common."""

from pydantic import BaseModel, ConfigDict, Field


class Job(BaseModel):
    """A piece of work for the worker; `job` names it in every event it causes."""

    # Input that is wrong is not repeated in the error, for there may be a secret in it.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    job: str = Field("", description="Any text that tells this job from the others.", exclude=True)

    def secrets(self) -> dict[str, str]:
        """Return what goes to the worker over its pipe alone and is in no other form of the job."""
        return {}
