"""The corridor: one synchronous call a cycle that walks the pure rooms in order. Pure."""
