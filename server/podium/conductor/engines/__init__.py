"""Where attempts execute. `port` is what the conductor needs of an engine; `local` runs them on this machine."""
