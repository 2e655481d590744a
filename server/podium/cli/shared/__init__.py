"""What several subcommands share: options, output on the terminal, and the ways to a conductor."""
