"""Whose folders, files and processes these are: what another user could have put in our way is refused, not used."""
