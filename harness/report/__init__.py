"""Shows results. `terminal` prints and `markdown` writes the same tables, whose cells come from `rows`."""
