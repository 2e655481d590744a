"""The protocol over HTTP: who is let in, what a connection may hold, and requests as clients really send them."""
