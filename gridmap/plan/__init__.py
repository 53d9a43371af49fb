"""A redraw of cells as a value: see the parts."""
