"""The one place where jobs change: the loop over commands, the jobs in memory, and how they are stored and loaded."""
