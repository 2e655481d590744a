"""The proxy: typed calls to a running conductor over its Unix socket. No conductor, no job: it never runs anything itself."""
