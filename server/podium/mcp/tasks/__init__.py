"""The protocol's tasks."""
