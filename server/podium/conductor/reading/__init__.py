"""The conductor's side of the reader: requests are sent, bounded, asked again after a death, and answered."""
