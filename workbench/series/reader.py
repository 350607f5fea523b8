"""Tables looked through: one opens while a trial trains, and however long it is."""

from PySide6.QtCore import QObject

from core.datasets.table_check import TableReport
from core.experiment.jobs import CheckData
from core.spec import SeriesData
from workbench.jobs import Jobs
from workbench.light_reader import LightReader


class TableReader(LightReader):
    """Reads a `TableReport`."""

    def __init__(self, jobs: Jobs, parent: QObject) -> None:
        super().__init__(jobs, parent, lambda job: TableReport.model_validate(job.answer))

    def ask(self, data: SeriesData) -> None:
        """Have a table looked through; another one that is being so is given up."""
        self._ask(CheckData(folder=data.file, table=data))
