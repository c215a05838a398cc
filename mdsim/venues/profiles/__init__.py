"""One venue, one file, ending in ``VENUE = Venue(…)``."""
