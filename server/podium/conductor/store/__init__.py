"""Durable state: SQLite in WAL mode, one writing connection, read-only connections for everything else."""
