"""A user's own pair: two models in native code, without our spec, climbed from rung `model` upwards.

`composing` reads the file (`spec`), `batches` the data; `mapping` pairs the parameters, `layers` the layers' calls;
`tasks` is what the workers are asked. `climbing` is what the rungs share, `carrying` gives both sides the same weights,
`passes` and `rungs` compare, `judging` turns values into verdicts, `forms` recovers known differences and `naming`
proves them. `harness.scenarios.pair` is the order of things.
"""
