"""Verbs that act on the market: one file an effect, each ending in ``EFFECT = EffectType(…)``."""
