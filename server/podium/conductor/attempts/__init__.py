"""An attempt from its intent to its verdict: launched, watched, judged."""
