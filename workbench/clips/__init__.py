"""The Data page: folders of clips, their table, a clip in sight, and what the user changes about them."""
