"""What the operating system gives and takes: files, memory, output, signals, text; imports nothing of ours."""
