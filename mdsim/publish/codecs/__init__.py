"""Formats of messages, one file each; the registry finds them by their ``CODEC``."""
