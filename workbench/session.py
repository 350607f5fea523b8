"""What the window is about: the open study, the spec being edited, the selection. Knows nothing of Qt.

Pages take a session in their constructor, show it and change it; they never speak to each other.
"""
