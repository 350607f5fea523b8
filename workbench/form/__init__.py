"""A spec as a form: generated from its declaration, with what it will cost."""
