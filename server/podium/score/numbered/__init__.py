"""The numbered form of a score, the Marianne conductor's."""
