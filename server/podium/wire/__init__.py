"""Newline-delimited JSON-RPC over byte streams: framing, messages, the serving side and an in-memory pair for tests."""
