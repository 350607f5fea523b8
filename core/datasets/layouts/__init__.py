"""One file for each way in which a folder of clips says what they are; `core.datasets.layout` chooses among them."""
