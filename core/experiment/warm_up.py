"""Getting TensorFlow ready before the first job, so that *Train* shows its first batch at once."""

import tempfile
from pathlib import Path

import numpy as np

from core.compression import convert
from core.datasets.prepared import Examples, PreparedData
from core.events import ignore
from core.models import assembly, registry
from core.spec import Dataset, KeywordSpottingSpec, Model, Training
from core.training import fit, schedule

SHAPE = (16, 10, 1)


def rehearse() -> None:
    """Build, fit and convert a tiny network: whatever does it first in a process pays seconds for it."""
    inputs = np.random.default_rng(0).normal(size=(20, *SHAPE)).astype(np.float32)
    part = Examples(inputs, np.arange(20) % 2)
    data = PreparedData(
        labels=("a", "b"),
        train=part,
        validation=part,
        test=part,
        epoch_inputs=lambda _epoch: inputs,
        fingerprint="rehearsal",
        synthetic=True,
        warnings=(),
        preprocessing={},
    )
    spec = KeywordSpottingSpec(
        dataset=Dataset(folder="rehearsal"),
        model=Model(family="ds_cnn", filters=(8, 8), strides=((2, 2), (1, 1))),
        training=Training(epochs=1, batch_size=10),
    )
    model = assembly.assemble(registry.build(spec.model, SHAPE, 2), seed=0)
    with tempfile.TemporaryDirectory() as folder:
        fit.fit(model, data, schedule.plan_training(spec), Path(folder) / "checkpoint.npz", ignore)
    convert.convert(model, spec.quantization, inputs)
