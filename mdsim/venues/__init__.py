"""Simulated venues: the providers' names around a market that needs no network."""
