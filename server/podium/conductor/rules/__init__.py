"""The rules of jobs, pure: state and what follows from each event. No clock is read, nothing is awaited or stored here."""
