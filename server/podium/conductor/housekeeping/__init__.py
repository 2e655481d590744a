"""What happens from time to time: retention, removal of folders, the watch for stuck jobs."""
