"""Charts. The only place where pyqtgraph is used."""
