"""What trades around the mid: spread, depth, ladder, prints, bars, 24 h statistics, correlations. Pure."""
