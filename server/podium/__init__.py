"""Podium: an MCP server, a conductor-only proxy and an embedded conductor for long jobs."""

__version__ = "0.1.0"
