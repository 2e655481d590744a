"""Values of secrets are not repeated to a caller: a net for accidents, not a wall against a job that wants to show them.

`names` says which variables hold secrets, `forms` how a secret looks in a text, `masks` finds and replaces it.
"""
