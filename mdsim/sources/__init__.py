"""Base feeds: one file a feed, each ending in ``FEED = FeedType(…)``."""
