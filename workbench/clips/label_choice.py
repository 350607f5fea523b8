"""Which labels a data set uses, as ticks. Knows nothing of Qt."""

from collections.abc import Collection

from core.datasets.listing import SILENCE, UNKNOWN
from core.spec import Dataset

EXTRA = {SILENCE: "include_silence", UNKNOWN: "include_unknown"}


def words_of(labels: Collection[str]) -> tuple[str, ...]:
    """Return the labels that are folders of words."""
    return tuple(label for label in labels if label not in EXTRA)


def used_labels(dataset: Dataset, labels: Collection[str]) -> frozenset[str]:
    """Return which of a folder's labels are used; a data set that names none uses every word."""
    extra = [label for label, field in EXTRA.items() if getattr(dataset, field)]
    return frozenset([*(dataset.labels or words_of(labels)), *extra])


def with_label(dataset: Dataset, labels: Collection[str], label: str, used: bool) -> Dataset | None:  # noqa: FBT001
    """Return the data set with a label used or not; None when no word would be left."""
    ticked = used_labels(dataset, labels)
    return with_labels(dataset, labels, ticked | {label} if used else ticked - {label})


def with_labels(dataset: Dataset, labels: Collection[str], used: Collection[str]) -> Dataset | None:
    """Return the data set with these labels used and no others; None when no word is among them."""
    words = words_of(labels)
    ticked = tuple(sorted(word for word in words if word in used))
    if not ticked:
        return None
    extra = {field: label in used for label, field in EXTRA.items()}
    # Every word is what naming none means, so that words added later count too.
    return dataset.model_copy(update={"labels": () if len(ticked) == len(words) else ticked, **extra})
