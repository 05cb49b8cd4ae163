"""From a command line with `-m` to the jobs of a sweep, all validated before the first is begun.

`hydra_options` reads what is of Hydra itself (launcher, sweeper, folders); `grid` makes the jobs of swept overrides;
`jobs` validates them all; `spaces` reads the space of a search.
"""
