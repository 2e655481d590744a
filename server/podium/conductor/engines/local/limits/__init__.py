"""What attempts may use: `holes` gives back the middle of a file, `output` keeps their logs within what was told."""
