"""A table of measurements over time: its columns, what is wrong with it, and its series drawn."""
