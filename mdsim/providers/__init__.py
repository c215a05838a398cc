"""Live sources: connections to providers of prices, and the sessions that speak their languages."""
