"""Files that somebody else wrote: read within bounds and decoded, never looked into."""
