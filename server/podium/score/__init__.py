"""A score's text becomes a checked Plan. No look at PATH or the disk but the files that a score names."""
