"""Messages of the package ``mdsim.v1``, from ``proto/mdsim/v1``."""
