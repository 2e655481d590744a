"""One file or folder a subcommand. A folder holds what belongs to that subcommand alone."""
