"""What callers meet: the listener, the handlers of the wire's methods, and what they share."""
