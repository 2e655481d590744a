"""The keys of a numbered score, by what they are about: each with its bounds, its default and what it is for."""
