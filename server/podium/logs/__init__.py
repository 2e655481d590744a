"""Reading an attempt's output files: bounded, resumable, and cheap on files of a gigabyte."""
