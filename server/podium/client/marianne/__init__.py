"""The Marianne conductor behind our port: its calls, its replies and its states."""
