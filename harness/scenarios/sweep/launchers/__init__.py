"""Where jobs run: on this host, in an array of Slurm, on a cluster of Ray. `protocol` says what a launcher must do."""
