"""Prompts: the product's own, and how a table of prompts is served."""
