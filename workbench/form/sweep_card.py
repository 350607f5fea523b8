"""What varies, in how many trials, on how many workers. Seen only while something varies."""

import os

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from core.section import declared, field_at
from workbench.form.draft import Draft
from workbench.form.field_text import label_of
from workbench.form.fields import guard_wheel

MOST_WORKERS = 64


class SweepCard(QFrame):
    """The axes of a sweep and its workers."""

    cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setAccessibleName("Sweep")
        title = QLabel("Sweep")
        title.setProperty("role", "section")
        self.axes = QLabel(wordWrap=True)
        self.workers = QSpinBox(minimum=1, maximum=MOST_WORKERS, value=min(2, os.cpu_count() or 1))
        self.workers.setSuffix(" workers")
        self.workers.setAccessibleName("Workers of the sweep")
        self.workers.setToolTip("Trials that run at once, each in a process of its own")
        guard_wheel(self.workers)
        self.clear = QPushButton("Vary nothing")
        self.clear.clicked.connect(self.cleared)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(title)
        top.addStretch(1)
        top.addWidget(self.workers)
        top.addWidget(self.clear)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self.axes)

    def show_axes(self, draft: Draft) -> None:
        """Show what varies."""
        self.setVisible(bool(draft.axes))
        axes = draft.axes.items()
        lines = [f"{_words(draft, path)}: {axis.text.strip()} {_unit(draft, path)}".rstrip() for path, axis in axes]
        count = f"{draft.num_trials} trials" if draft.num_trials != 1 else "1 trial"
        counts = " × ".join(str(len(axis.values)) for axis in draft.axes.values())
        if len(draft.axes) > 1:
            count = f"{counts} = {count}"
        self.axes.setText("\n".join([*lines, count]) if draft.num_trials else "\n".join(lines))


def _unit(draft: Draft, path: str) -> str:
    section, _ = field_at(draft.spec_type, path)
    return declared(section, path.rpartition(".")[2])["unit"]


def _words(draft: Draft, path: str) -> str:
    section, _ = field_at(draft.spec_type, path)
    return label_of(section, path.rpartition(".")[2])
