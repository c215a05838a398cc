"""What can be done to a market: curves, effects, the board of those that are active. Pure."""
