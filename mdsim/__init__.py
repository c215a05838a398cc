"""mdsim: a market data simulator that plays crises, written as playbooks, on a live price stream."""

__version__ = "0.1.0"
