"""What a run leaves behind: one folder, every file written whole or not at all, readable with pandas."""
