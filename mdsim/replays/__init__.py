"""Recordings of what providers sent: written, read, and played again through the same adapters."""
