"""A plan in motion: clocks, pump, task tree, checks, journal. The only room that knows trio's clock."""
