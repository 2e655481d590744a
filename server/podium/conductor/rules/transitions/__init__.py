"""How jobs change: pure functions of a job in memory and a batch that records what they touched. No I/O."""
