"""A typed client of an mdsim server, for programs and tests that run on trio."""

from mdsim.client.client import Client

__all__ = ["Client"]
