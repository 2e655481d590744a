"""What commands of all kinds share: exit codes, quick imports, an event loop, and a look at whether a conductor answers."""
