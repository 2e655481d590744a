"""The one place where jobs change: the loop over commands, the jobs in memory, and their way to and from the store."""
