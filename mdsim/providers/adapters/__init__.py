"""One file a provider: a pure session on the seam of ``providers.session``, found by ``PROVIDER``.

A module ends in ``PROVIDER = ProviderType(…)``. Modules whose name starts with an underscore hold what
several adapters share.
"""
