"""What `twinrun list`, `show`, `trend`, `table`, `query`, `prune`, `pack` and `unpack` do, without their output."""
