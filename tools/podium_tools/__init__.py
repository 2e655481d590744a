"""The tools that agents call, one noun a file."""
