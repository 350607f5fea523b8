"""The commands of `workbench`, a module for each thing they act on. What is heavy is imported when a command runs."""
