"""What happens now and then: retention, removal of folders, the look for stuck jobs."""
