"""The Marianne conductor behind our port: its calls, its words and its states."""
