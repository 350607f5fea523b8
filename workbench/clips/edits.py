"""What the user changes about the clips selected, in words and as edits. Knows nothing of Qt."""

from collections.abc import Callable, Sequence
from pathlib import Path

from core.datasets.catalogue import Catalogue
from core.datasets.edits import NOTHING, ClipEdit, edits_place
from core.datasets.recordings import check_label
from core.errors import WorkbenchError
from workbench.session import Session

Rows = Sequence[int]


def are_excluded(catalogue: Catalogue, rows: Rows) -> bool:
    """Tell whether there are clips and all of them are excluded."""
    return bool(rows) and all(catalogue.edit_of(row).excluded for row in rows)


def exclude_or_include(session: Session, catalogue: Catalogue, rows: Rows) -> None:
    """Exclude clips; include them when all are excluded. Raises DataError."""
    excluded = not are_excluded(catalogue, rows)
    _edit(session, catalogue, rows, "exclude" if excluded else "include", excluded=excluded)


def relabel(session: Session, catalogue: Catalogue, rows: Rows, label: str) -> None:
    """Let clips count under a label, their own or one without a folder included. Raises DataError."""
    check_label(label)
    changes = {}
    for row in rows:
        own = catalogue.own_label(row)
        changes[catalogue.names[row]] = _changed(catalogue, row, label="" if label == own else label)
    session.edit_clips(catalogue.folder, changes, f"relabel {_named(catalogue, rows)} as {label}")


def are_changed(catalogue: Catalogue, rows: Rows) -> bool:
    """Tell whether any of these clips is excluded, relabelled or trimmed."""
    return any(catalogue.edit_of(row) != NOTHING for row in rows)


def restore(session: Session, catalogue: Catalogue, rows: Rows) -> None:
    """Let clips be again what their files say, whenever they were changed. Raises DataError."""
    changed = [row for row in rows if catalogue.edit_of(row) != NOTHING]
    if changed:
        changes = {catalogue.names[row]: NOTHING for row in changed}
        session.edit_clips(catalogue.folder, changes, f"restore {_named(catalogue, changed)}")


def trim(session: Session, catalogue: Catalogue, row: int, start_ms: int) -> None:
    """Let the used part of a clip begin elsewhere. Raises DataError."""
    if catalogue.edit_of(row).start_ms != start_ms:
        _edit(session, catalogue, [row], "trim", start_ms=start_ms)


class ClipChanges:
    """Does to the clips selected what the user asks for, and says what hinders it."""

    def __init__(
        self, session: Session, selected: Callable[[], tuple[Catalogue | None, Rows]], say: Callable[[str], object]
    ) -> None:
        self._session, self._selected, self._say = session, selected, say
        self._told: set[Path] = set()
        """Folders that may not be written, of which it was said where their edits are kept."""

    def exclude(self) -> None:
        """Exclude the clips, or include them when all are excluded."""
        self._do(lambda catalogue, rows: exclude_or_include(self._session, catalogue, rows))

    def restore(self) -> None:
        """Take back every change of the clips."""
        self._do(lambda catalogue, rows: restore(self._session, catalogue, rows))

    def relabel(self, label: str) -> None:
        """Let the clips count under another label."""
        self._do(lambda catalogue, rows: relabel(self._session, catalogue, rows, label))

    def trim(self, name: str, start_ms: int) -> None:
        """Let the used part of one clip begin elsewhere, whether it is selected or not."""
        self._do(lambda catalogue, _: trim(self._session, catalogue, catalogue.row_of[name], start_ms))

    def _do(self, act: Callable[[Catalogue, Rows], None]) -> None:
        catalogue, rows = self._selected()
        if catalogue is None or not rows:
            return
        try:
            act(catalogue, rows)
        except WorkbenchError as error:
            self._say(str(error))
            return
        place = edits_place(catalogue.folder)
        if place.parent != catalogue.folder and catalogue.folder not in self._told:
            self._told.add(catalogue.folder)
            self._say(f"{catalogue.folder} may not be written, so changes of its clips are kept in {place}")


def _edit(session: Session, catalogue: Catalogue, rows: Rows, verb: str, **values: object) -> None:
    changes = {catalogue.names[row]: _changed(catalogue, row, **values) for row in rows}
    session.edit_clips(catalogue.folder, changes, f"{verb} {_named(catalogue, rows)}")


def _changed(catalogue: Catalogue, row: int, **values: object) -> ClipEdit:
    return catalogue.edit_of(row).model_copy(update=values)


def _named(catalogue: Catalogue, rows: Rows) -> str:
    return catalogue.names[rows[0]].rpartition("/")[2] if len(rows) == 1 else f"{len(rows):,} clips"
