"""The way to a conductor: connections and their pool, the event feed, reading replies, and what can go wrong."""
