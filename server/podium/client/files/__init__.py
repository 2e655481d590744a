"""The files of a job's workspace, read on this side of the wire."""
