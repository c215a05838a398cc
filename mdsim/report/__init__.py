"""A finished run as one page to read: what it was, what prices did, what ran when, what was proved."""
