"""Catalogues of a folder of clips: a folder opens while a trial trains on another."""

from pathlib import Path

from PySide6.QtCore import QObject

from core.datasets import catalogue
from core.experiment.jobs import AnyJob, Catalogue
from core.spec import Dataset, Split
from workbench.jobs import Jobs, QueuedJob
from workbench.light_reader import LightReader


class CatalogueReader(LightReader):
    """Reads a `core.datasets.catalogue.Catalogue`; its progress is in clips listened to."""

    def __init__(self, jobs: Jobs, parent: QObject) -> None:
        super().__init__(jobs, parent, _opened, _is_of_same_folder)

    def ask(self, dataset: Dataset, split: Split) -> None:
        """Have a catalogue made; listening to the same folder goes on, to another one it ends."""
        self._ask(Catalogue(dataset=dataset, split=split))


def _opened(job: QueuedJob) -> catalogue.Catalogue:
    assert isinstance(job.intention, Catalogue)
    return catalogue.open_catalogue(Path(job.answer), Path(job.intention.dataset.folder).expanduser())


def _is_of_same_folder(doing: AnyJob, asked: AnyJob) -> bool:
    assert isinstance(doing, Catalogue) and isinstance(asked, Catalogue)
    return doing.dataset.folder == asked.dataset.folder
