"""A user's pair: two models in native code, without a spec of this project.

`spec` and `composing`: the pair's file. `drawing` and `batches`: the data. `mapping`: which parameters correspond;
`layers`: which calls of layers do. `side`, `tasks` and `step_tasks`: the worker's part. `climbing`: the state that the
rungs share. `carrying`: gives both sides the same weights. `rungs`, `passes` and `losses`: the comparisons.
`localisation`: the place of a divergence. `layer_forms`, `activation_forms` and `normalisations` recover known
differences, `naming` proves them. `own_tasks`, `own_rungs` and `own_numbers`: losses, optimizers and schedules in
native code. `records`: what a checked pair writes to its folder. `harness.scenarios.pair` runs all of this in order.
"""
