"""Model families as data, and their assembly into Keras models."""
