"""A job's files, read on this side of the wire."""
