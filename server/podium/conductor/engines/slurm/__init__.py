"""The engine of a Slurm cluster: attempts are played by lanes, which are Slurm's jobs (see `podium.lane.place`)."""
