"""One file each: the formats of the providers, spoken by a server on this machine."""
