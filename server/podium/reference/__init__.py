"""How a score is written, for readers: pages of prose, the keys as the models define them, and an example that runs."""
