"""What commands do with jobs: find the one that is meant, follow it, control it, remove it, check its score."""
