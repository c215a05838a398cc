"""Live sources: connections to providers of prices, and the sessions that speak their languages."""

from mdsim.providers.session import ProviderType as ProviderType
