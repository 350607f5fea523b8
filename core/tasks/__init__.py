"""What is particular to each task."""
