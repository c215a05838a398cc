"""A demonstration without a network: ``mdsim serve`` reads five doubles, which fail one after another."""
