"""The conductor's side of the keepers: what each one's journal tells, and the starts that it is asked for."""
