"""What a score is read into: the draft, the plan, its graph and its view."""
