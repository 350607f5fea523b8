"""Tables looked through: one opens while a trial trains, and however long it is."""

from core.datasets.table_check import TableReport
from core.experiment.jobs import CheckData
from core.spec import SeriesData
from workbench.jobs import QueuedJob
from workbench.light_reader import LightReader


class TableReader(LightReader):
    """Reads a `TableReport`."""

    def ask(self, data: SeriesData) -> None:
        """Have a table looked through; another one that is being so is given up."""
        self._ask(CheckData(folder=data.file, time_column=data.time_column, missing_value=data.missing_value))

    def _opened(self, job: QueuedJob) -> TableReport:
        return TableReport.model_validate(job.answer)
