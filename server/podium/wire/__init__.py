"""Newline-delimited JSON-RPC over byte streams: framing, messages, errors, sockets and the serving side."""
