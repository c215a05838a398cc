"""Where prices come from: one file a source, each ending in ``SOURCE = SourceType(…)``."""
