"""The keeper: a small process that starts and reaps the processes of a home, and outlives its conductor."""
