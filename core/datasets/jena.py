"""The Jena climate of 2009 to 2016: 420,551 rows of ten minutes, the file that the tutorials of TensorFlow use.

Weather station of the Max Planck Institute for Biogeochemistry, https://www.bgc-jena.mpg.de/wetter/
"""

from pathlib import Path

from core.datasets.download import Archive


def _table_in(folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob("*.csv"))), None)


JENA = Archive(
    title="Jena climate",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/jena_climate_2009_2016.csv.zip",
    num_bytes=13_568_290,
    name="jena_climate_2009_2016",
    content=_table_in,
    instead="use a CSV file of your own",
    offline="use a CSV file of your own",
)
"""One CSV file."""
