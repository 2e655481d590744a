"""What a conductor of ours does not do, and what of its jobs outlives it: said where callers look before they plan."""

NOT_AVAILABLE: tuple[str, ...] = (
    "schedules: let cron or a systemd timer call podium run",
    "holding a sheet on this machine to the cpus that it asks for: they are counted, not enforced",
)
SURVIVES = (
    "Jobs, their order, outputs and history are stored before each answer. Sheets go on running while no conductor runs, and the "
    "next one takes them over. After a reboot, sheets that ran are lost: on_lost decides (retry or fail)."
)
