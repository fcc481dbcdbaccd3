"""`make demo-text`: a real text set under every strategy of a real checkpoint, and without one."""
