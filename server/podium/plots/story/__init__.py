"""What is drawn: a job's record as lanes over time with its critical path, and the sheets of a job or score as a graph."""
