"""A graph into the graphs of its derivatives: reverse and forward mode."""
