"""The operating system: files, memory, output, signals, and text for its reader. Imports no other package of ours."""
