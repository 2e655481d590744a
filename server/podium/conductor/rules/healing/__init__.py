"""Self-healing: when a sheet has used up its retries, find the cause, apply one remedy, and run one more round."""
