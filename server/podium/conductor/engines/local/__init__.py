"""The engine of this machine: attempts are processes here."""
