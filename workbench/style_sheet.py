"""The one style sheet, as a function of the palette's colours."""

from collections.abc import Mapping
from importlib import resources
from string import Template
from typing import Any

# A name that looks like markup is shown as it is: Qt would guess what labels and tooltips hold.
# Heights and paddings keep to a grid of 8 px; 28 px controls hold 13 px text with 6 px around it.
_SHEET = Template("""
QWidget { color: $text; }
QToolTip { background: $raised; color: $text; border: 1px solid $border; padding: 4px 8px; }
QToolTip { qproperty-textFormat: PlainText; }
QMainWindow, QDialog { background: $background; }

QFrame[role="card"] { background: $surface; border: 1px solid $border; border-radius: 6px; }
QFrame[role="bar"] { background: $surface; border: none; border-top: 1px solid $border; }
QFrame[role="header"] { background: $surface; border: none; border-bottom: 1px solid $border; }
QFrame[role="pane"] { background: $surface; border: none; }
QFrame[role="rail"] { background: $surface; border: none; border-right: 1px solid $border; }

QLabel { background: transparent; border: none; }
QLabel[textFormat="AutoText"] { qproperty-textFormat: PlainText; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="title"] { font-size: 15px; font-weight: 600; }
QLabel[role="heading"] { font-size: 22px; font-weight: 600; }
QLabel[role="section"] { font-weight: 600; }
QLabel[role="figure"] { font-size: 15px; font-weight: 600; }
QLabel[role="dot"] { color: $accent; font-size: 8px; }
QLabel[role="bad-figure"] { font-size: 15px; font-weight: 600; color: $bad; }
QPushButton[role="problem-link"] {
    background: transparent; border: 1px solid transparent; color: $bad; text-align: left;
}
QPushButton[role="problem-link"]:hover { text-decoration: underline; }
QPushButton[role="problem-link"]:focus { border: 1px solid $accent; }
QLabel[role="problem"] { color: $bad; }
QLabel[role="good"] { color: $good; }
QLabel[role="warning"] { color: $warning; }
QLabel[role="bad"] { color: $bad; }

QPushButton, QToolButton {
    background: $raised; border: 1px solid $border; border-radius: 4px; padding: 4px 12px; min-height: 18px;
}
QToolButton { padding: 4px 8px; }
QPushButton:hover, QToolButton:hover { border-color: $muted; }
QPushButton:pressed, QToolButton:pressed, QToolButton:checked { background: $border; }
QPushButton:focus, QToolButton:focus { border: 1px solid $accent; outline: none; }
QPushButton:disabled, QToolButton:disabled { color: $muted; background: $background; }
QPushButton[role="primary"] { background: $accent; color: $on_accent; border: 1px solid $accent; font-weight: 600; }
QPushButton[role="primary"]:hover { border-color: $text; }
QPushButton[role="primary"]:focus { border: 2px solid $text; padding: 3px 11px; }
QPushButton[role="primary"]:disabled { background: $raised; color: $muted; border-color: $border; }
QPushButton[role="link"] {
    background: transparent; border: 1px solid transparent; color: $accent; padding: 4px 0; text-align: left;
}
QPushButton[role="link"]:hover { text-decoration: underline; }
QPushButton[role="link"]:focus { border: 1px solid $accent; }
QPushButton[role="picture"], QPushButton[role="picture"]:disabled {
    background: transparent; border: none; padding: 0;
}
QToolButton[role="flat"], QPushButton[role="flat"] { background: transparent; border: 1px solid transparent; }
QToolButton[role="flat"]:hover, QPushButton[role="flat"]:hover { background: $raised; }
QToolButton[role="flat"]:checked { background: $raised; }
QToolButton[role="flat"]:focus, QPushButton[role="flat"]:focus { border: 1px solid $accent; }
QToolButton[role="flat"]:disabled, QPushButton[role="flat"]:disabled { background: transparent; }
QToolButton[role="mark"] { background: transparent; border: 1px solid transparent; padding: 2px; min-height: 0; }
QToolButton[role="mark"]:hover { background: $raised; }
QToolButton[role="mark"]:checked { background: $raised; border-color: $accent; }
QToolButton[role="mark"]:focus { border: 1px solid $accent; }
QToolButton[role="page"] {
    background: transparent; border: none; border-left: 3px solid transparent; border-radius: 0;
    padding: 8px 4px; color: $muted;
}
QToolButton[role="page"]:hover { background: $raised; color: $text; }
QToolButton[role="page"]:checked { background: $raised; color: $text; border-left: 3px solid $accent; }
QToolButton[role="page"]:focus { border: 1px solid $accent; border-left: 3px solid $accent; }
QToolButton[role="fold"] {
    background: transparent; border: 1px solid transparent; text-align: left; font-weight: 600; padding: 4px;
}
QToolButton[role="fold"]:hover { background: $raised; }
QToolButton[role="fold"]:focus { border: 1px solid $accent; }
QToolButton::menu-indicator { image: none; }
QToolButton[role="menu"] { background: transparent; border: 1px solid transparent; padding-right: 10px; }
QToolButton[role="menu"]:hover { background: $raised; }
QToolButton[role="menu"]:focus { border: 1px solid $accent; }
QToolButton[role="menu"]::menu-indicator {
    image: url("$icons/caret-down-$name.svg"); width: 10px; height: 10px;
    subcontrol-origin: border; subcontrol-position: center right; right: 8px;
}
QPushButton::menu-indicator { image: none; }

QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit, QTextEdit {
    background: $background; border: 1px solid $border; border-radius: 4px; padding: 4px 6px; min-height: 18px;
    selection-background-color: $accent; selection-color: $on_accent; placeholder-text-color: $muted;
}
QLineEdit:hover, QComboBox:hover, QAbstractSpinBox:hover { border-color: $muted; }
QLineEdit:focus, QComboBox:focus, QAbstractSpinBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
    border: 1px solid $accent;
}
QLineEdit[faulty="true"], QComboBox[faulty="true"], QAbstractSpinBox[faulty="true"] { border: 1px solid $bad; }
QPlainTextEdit[role="log"] { border: none; border-top: 1px solid $border; border-radius: 0; background: $background; }
QComboBox QAbstractItemView {
    background: $surface; border: 1px solid $border; selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit > QToolButton { border: none; background: transparent; padding: 0; min-height: 0; }
QAbstractSpinBox QLineEdit { border: none; padding: 0; min-height: 0; background: transparent; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url("$icons/caret-down-$name.svg"); width: 12px; height: 12px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {
    subcontrol-origin: border; width: 20px; border: none; background: transparent;
}
QAbstractSpinBox::up-button { subcontrol-position: top right; height: 13px; margin: 1px 1px 0 0; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; height: 13px; margin: 0 1px 1px 0; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: $raised; }
QAbstractSpinBox::up-arrow { image: url("$icons/caret-up-$name.svg"); width: 9px; height: 9px; }
QAbstractSpinBox::down-arrow { image: url("$icons/caret-down-$name.svg"); width: 9px; height: 9px; }
QCheckBox { spacing: 8px; background: transparent; min-height: 28px; }
QCheckBox::indicator, QMenu::indicator, QTableView::indicator {
    width: 14px; height: 14px; border: 1px solid $muted; border-radius: 3px; background: $background;
}
QCheckBox::indicator:hover { border-color: $text; }
QCheckBox::indicator:focus { border: 2px solid $accent; width: 12px; height: 12px; }
QCheckBox::indicator:checked, QMenu::indicator:checked, QTableView::indicator:checked {
    background: $accent; border-color: $accent; image: url("$icons/check-$name.svg");
}
QCheckBox::indicator:checked:focus { border-color: $text; }
QMenu::indicator { margin-left: 6px; }
QMenu::indicator:exclusive { border-radius: 8px; }

QSlider { background: transparent; min-height: 28px; }
QSlider::groove:horizontal { background: $border; height: 4px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; height: 4px; border-radius: 2px; }
QSlider::handle:horizontal {
    background: $surface; border: 1px solid $muted; width: 14px; height: 14px; margin: -6px 0; border-radius: 8px;
}
QSlider::handle:horizontal:hover { border-color: $text; }
QSlider::handle:horizontal:focus { border: 2px solid $accent; width: 12px; height: 12px; }
QSlider::handle:horizontal:pressed { background: $accent; }

QMenu { background: $surface; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 8px; border-radius: 4px; }
QMenu::item:selected { background: $accent; color: $on_accent; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QMenu::icon { padding-left: 8px; }

QProgressBar { background: $raised; border: none; border-radius: 3px; min-height: 6px; max-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }

QSplitter::handle { background: $border; }
QSplitter::handle:hover { background: $accent; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }

QScrollArea { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: $border; border-radius: 4px; margin: 2px; min-height: 24px; min-width: 24px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QListView::item { padding: 0 4px; }
QTableView[role="clips"], QListView[role="clips"] { border: 1px solid transparent; outline: none; }
QTableView[role="clips"]:focus, QListView[role="clips"]:focus { border: 1px solid $accent; }
QTableView[role="clips"]::item { padding: 0 5px; }
QTableView, QListView, QTreeView {
    background: $surface; border: 1px solid $border; gridline-color: $grid;
    selection-background-color: $accent; selection-color: $on_accent;
}
QHeaderView::section {
    background: $background; color: $muted; border: none; border-bottom: 1px solid $border; padding: 4px 8px;
}
QTabBar::tab {
    background: transparent; color: $muted; padding: 6px 12px; border: none; border-bottom: 2px solid transparent;
}
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:focus { color: $accent; }
QTabWidget::pane { border: none; border-top: 1px solid $border; }
""")


def style_sheet(colours: Mapping[str, Any]) -> str:
    """Return the style sheet in these colours."""
    icons = str(resources.files("resources").joinpath("icons")).replace("\\", "/")
    return _SHEET.substitute(colours, icons=icons)
