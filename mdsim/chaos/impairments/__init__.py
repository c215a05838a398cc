"""Kinds of trouble on a line, one file each, ending in ``IMPAIRMENT``."""
