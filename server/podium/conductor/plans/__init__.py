"""From a call to a compiled plan: the score as it was given, compiled, and compared with the one before."""
