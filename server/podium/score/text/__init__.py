"""A score's text: read, parsed with positions, and every problem collected."""
