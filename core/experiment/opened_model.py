"""A chosen model opened for its preprocessing."""

from core.errors import ModelError
from core.evaluation.example_sounds import example_inputs
from core.evaluation.guarded_model import GuardedModel
from core.experiment.model_choice import ChosenModel


def open_chosen(chosen: ChosenModel, num_threads: int = 1) -> GuardedModel:
    """Open a model in a process of its own. Raises ModelError when it cannot be run or fits not its preprocessing."""
    preprocessing = chosen.preprocessing
    given, num_labels = preprocessing.input_shape, len(preprocessing.labels)
    opened = GuardedModel(chosen.path, num_threads)
    try:
        # Whether it fits is known before there are examples.
        opened.fit_values(given, num_labels)
        opened.fit_labels(given, num_labels, example_inputs(preprocessing, preprocessing.num_samples))
    except ModelError:
        opened.close()
        raise
    return opened
