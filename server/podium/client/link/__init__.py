"""The way to a conductor: connections, the pool of them, the event feed, and what can go wrong."""
