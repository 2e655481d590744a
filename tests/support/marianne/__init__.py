"""The keys of the Marianne conductor's scores, as its public configuration reference lists them, and what becomes of each here."""
