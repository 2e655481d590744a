"""How jobs change: pure functions of a job in memory, a batch that records what they touched, and a clock. No I/O."""
