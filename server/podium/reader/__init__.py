"""The reader: a program of its own that looks at text which somebody else wrote, and may die of it."""
