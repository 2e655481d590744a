"""How the protocol reaches the server: standard streams and HTTP, in both eras."""
