"""Several sources, one price, and how sure it is: ``Consensus`` is the room's only door."""

from mdsim.consensus.room import Consensus as Consensus
