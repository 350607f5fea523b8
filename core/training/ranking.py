"""How good an epoch is on the validation part: what keeps the best one, and what later tells which was kept."""

from core.events import EpochEnded


def rank_by_accuracy(ended: EpochEnded) -> tuple[float, ...]:
    """Prefer accuracy; of equal ones the surer, for a small validation part gives many equal ones."""
    assert ended.validation_accuracy is not None and ended.validation_loss is not None
    return ended.validation_accuracy, -ended.validation_loss


def rank_by_loss(ended: EpochEnded) -> tuple[float, ...]:
    """Prefer the smaller loss."""
    assert ended.validation_loss is not None
    return (-ended.validation_loss,)
