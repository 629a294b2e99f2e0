"""What functions wrote: buffered on the way in, read through CloudWatch Logs' API."""
