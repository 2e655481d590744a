"""How the command is called: options, help, completion's labels, and what a wrong command line probably means."""
