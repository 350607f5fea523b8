"""What stands around every page: the rail, the job strip, the palette of actions, a page's help."""
