"""The top of the Data page: which folder is open, what is in it, and three ways to other clips."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.datasets.catalogue import Catalogue
from workbench import theme
from workbench.number_format import counted
from workbench.widgets.card import flat_button
from workbench.widgets.elided_label import ElidedLabel
from workbench.widgets.empty_page import EmptyPage

WORDS_WIDTH = 520
STEPS = 1000


class ClipSources(QFrame):
    """One line about the folder, and the buttons that choose, fetch, make and judge clips."""

    folder_wanted = Signal()
    download_wanted = Signal()
    synthesis_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "header")
        self.folder = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.folder.setProperty("role", "section")
        self.figures = ElidedLabel()
        self.figures.setProperty("role", "muted")
        self.synthetic = QLabel("synthetic")
        self.synthetic.setProperty("role", "warning")
        self.synthetic.setToolTip("Made by speech synthesis: what is measured on these clips says little about people")
        self.bar = QProgressBar(textVisible=False, maximum=STEPS)
        self.bar.setAccessibleName("Clips listened to")
        self.bar.setFixedWidth(160)
        self.choose = flat_button("Choose folder…", "ph.folder-open", "A folder with one sub-folder of clips per label")
        self.download = flat_button(
            "Download", "ph.download-simple", "Mini Speech Commands: 8,000 clips of eight words"
        )
        self.download.setAccessibleName("Download Mini Speech Commands")
        self.make = flat_button(
            "Make clips…", "ph.speaker-high", "Words of your own, spoken by espeak-ng in many voices"
        )
        self.make.setCheckable(True)
        self.judge = QToolButton(text="Judge", popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self.judge.setProperty("role", "flat")
        self.judge.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.judge.setToolTip("Find clips that sound unlike their label to a trained trial")
        theme.set_icon(self.judge, "ph.ear", "muted")
        self.judge_menu = QMenu(self)
        self.judge.setMenu(self.judge_menu)
        self.choose.clicked.connect(self.folder_wanted)
        self.download.clicked.connect(self.download_wanted)
        self.make.clicked.connect(self.synthesis_wanted)
        self._build()
        self.show_folder("")

    def _build(self) -> None:
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(self.synthetic)
        below.addWidget(self.bar)
        below.addWidget(self.figures, 1)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.folder)
        words.addLayout(below)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 8, 6)
        row.setSpacing(4)
        row.addLayout(words, 1)
        for button in (self.judge, self.choose, self.download, self.make):
            row.addWidget(button)

    def show_folder(self, folder: str) -> None:
        """Name a folder whose clips are not known yet."""
        self.folder.setText(_from_home(Path(folder)) if folder else "No folder of clips yet")
        self.figures.setText("")
        self.figures.setVisible(bool(folder))
        self.judge.setEnabled(False)
        self.synthetic.hide()
        self.bar.hide()

    def show_progress(self, done: float, total: float) -> None:
        """Say how many clips were listened to."""
        self.bar.setVisible(total > 0)
        self.bar.setValue(round(STEPS * done / total) if total else 0)
        self.figures.setText(f"listening to clips, {done:,.0f} of {total:,.0f}" if total else "looking for clips")

    def show_catalogue(self, catalogue: Catalogue) -> None:
        """Say what is in the folder."""
        self.bar.hide()
        self.judge.setEnabled(True)
        self.folder.setText(_from_home(catalogue.folder))
        seconds = float(catalogue.columns["seconds"].sum())
        num_labels = len(set(catalogue.columns["label"].tolist()))
        said = [counted(len(catalogue.names), "clip"), f"{counted(num_labels, 'label')} with clips"]
        said.append(counted(len(catalogue.speakers), "speaker") if catalogue.speakers else "no speakers known")
        said.append(_hours(seconds))
        if catalogue.excluded.any():
            said.append(f"{int(catalogue.excluded.sum()):,} excluded")
        self.figures.setText(" · ".join(said))
        self.synthetic.setVisible(catalogue.dealing.synthetic)


class EmptyData(EmptyPage):
    """Says what will be shown here, that it is on its way, or why it is not there."""

    folder_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("Choose folder…", WORDS_WIDTH)
        self.button.clicked.connect(self.folder_wanted)
        self.invite()

    def invite(self) -> None:
        """Say what will be shown here."""
        self._show(
            "No clips yet",
            "The clips of a folder appear here: each label with its clips, speakers and parts, and every clip with "
            "its sound, its picture and what is wrong with it. Choose or drop a folder of clips, such as one with a "
            "sub-folder per label, download Mini Speech Commands, or have words of your own spoken by a synthesizer.",
        )

    def wait(self) -> None:
        """Say that clips are on their way."""
        self._show("Listening to clips", "Every clip is read once; what was heard is remembered for the next time.")
        self.button.hide()

    def show_trouble(self, sentence: str) -> None:
        """Say why there are no clips."""
        self._show("These clips cannot be listed", f"{sentence[:1].upper()}{sentence[1:]}.")

    def _show(self, heading: str, words: str) -> None:
        self.button.show()
        self.show_words(heading, words)


def dropped_folder(event: QDropEvent) -> str:
    """Return the first folder among what is dropped, or nothing."""
    paths = [url.toLocalFile() for url in event.mimeData().urls()]
    return next((path for path in paths if path and Path(path).is_dir()), "")


def _from_home(folder: Path) -> str:
    """Return a path as its owner says it."""
    home = Path.home()
    return str(Path("~") / folder.relative_to(home)) if folder.is_relative_to(home) else str(folder)


def _hours(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"
