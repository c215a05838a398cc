"""How a level travels: one file a curve, each ending in ``CURVE = CurveType(…)``."""
