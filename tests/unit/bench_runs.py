"""Command lines of benches of the reference that are over in seconds."""

TINY = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("training.epochs=2", "training.batch_size=500", "comparison.free_steps=3", "comparison.forced_steps=1"),
    *("precision=99%", "processes=2", "budget_s=200"),
]
ARMS = "arms=[{use: reference, name: wide}, {use: reference, name: narrow, precision: float32, realisation: native}]"
