"""What the user changes about the clips selected, in words and as edits. Knows nothing of Qt."""

from collections.abc import Sequence
from pathlib import Path

from core.datasets.catalogue import Catalogue
from core.datasets.edits import ClipEdit, edits_place
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
    """Let clips count under a label, that of their folder included. Raises DataError."""
    changes = {}
    for row in rows:
        own = catalogue.names[row].partition("/")[0]
        changes[catalogue.names[row]] = _changed(catalogue, row, label="" if label == own else label)
    session.edit_clips(catalogue.folder, changes, f"relabel {_named(catalogue, rows)} as {label}")


def trim(session: Session, catalogue: Catalogue, row: int, start_ms: int) -> None:
    """Let the used part of a clip begin elsewhere. Raises DataError."""
    if catalogue.edit_of(row).start_ms != start_ms:
        _edit(session, catalogue, [row], "trim", start_ms=start_ms)


def kept_elsewhere(folder: Path) -> str:
    """Say where edits are kept when the folder may not be written; nothing when they lie beside the clips."""
    place = edits_place(folder)
    if place.parent == folder:
        return ""
    return f"{folder} may not be written, so what you change about its clips is kept in {place}"


def _edit(session: Session, catalogue: Catalogue, rows: Rows, verb: str, **values: object) -> None:
    changes = {catalogue.names[row]: _changed(catalogue, row, **values) for row in rows}
    session.edit_clips(catalogue.folder, changes, f"{verb} {_named(catalogue, rows)}")


def _changed(catalogue: Catalogue, row: int, **values: object) -> ClipEdit:
    return catalogue.edit_of(row).model_copy(update=values)


def _named(catalogue: Catalogue, rows: Rows) -> str:
    return catalogue.names[rows[0]].rpartition("/")[2] if len(rows) == 1 else f"{len(rows):,} clips"
