"""The MCP server: it publishes the inventory of `podium_tools` and answers calls through the job-control port."""
