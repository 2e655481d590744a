"""From a call to a compiled plan: the score as given, compiled, and compared with the previous one."""
