"""What attempts may use: `output` keeps their logs within limits, `holes` frees the middle of a file."""
