"""What outlives a process: what it came to, told by an exit code."""
