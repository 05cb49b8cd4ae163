"""A user's own pair: two models in native code, without our spec, climbed from rung `model` upwards.

`composing` reads the file, `batches` the data, `mapping` pairs the parameters, `tasks` is what the workers are asked,
`layers` pairs the layers' calls, `judging` turns values into verdicts, `forms` recovers known differences, `rungs` are
the rungs themselves, and `run` is the order of things.
"""
