"""Recordings that travel with mdsim; ``mdsim.sources._datasets`` finds and describes them."""
