"""Processes of this machine: started, reaped, identified and ended. Nothing else in the conductor uses a process API."""
