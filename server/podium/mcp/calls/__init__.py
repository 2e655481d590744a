"""One call of a tool: its arguments checked, its result or error as clients can read it."""
