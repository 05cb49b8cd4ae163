"""What is typed, as data: values by their kind, choices that go together, lists of arms, paths, keys, options."""

from __future__ import annotations

NUMBERS = ("0", "-1", "-0.0", "0.5", "1e5", "1e-320", "1e39", "1e308", "1e400", "nan", "inf", "-inf", "1_000", "0x10")
NUMBERS += ("99999999999999999999", "9223372036854775808", "1000000000", "-9223372036854775809", "1" * 5000, "1e-5e")
SHAPES = (
    "[]",
    "{}",
    "[1]",
    "{a: 1}",
    "[[1],[2]]",
    "[null]",
    "[,]",
    "{a}",
    "{a: }",
    "{1: 2}",
    "{null: 1}",
    "{a: {b: {c: 1}}}",
)
SHAPES += ("[" * 200 + "]" * 200, "[" * 200, "{a: " * 200 + "1" + "}" * 200, "[" + ",".join(["1"] * 2000) + "]", "(1)")
WORDS = (
    "null",
    "true",
    "false",
    "none",
    "None",
    "~",
    "???",
    "x",
    "''",
    '""',
    "'",
    '"',
    "\\",
    "yes",
    "on",
    "adam",
    "1 2",
)
WORDS += (
    "é",
    "💥",
    "\u202eabc",
    "\u200b",
    "\ufeff1",
    "ﬀ",
    "\x1b[31mred",
    "\x07",
    "a\nb",
    "a\rb",
    "\t",
    "\x9b1m",
    "\udcff",
)
WORDS += (
    "<img src=x onerror=alert(1)>",
    "[/bold]",
    "[bold]x",
    "'[/]'",
    "# heading",
    "|a|b|",
    "%s%n",
    "{{x}}",
    "x" * 10_000,
)
WORDS += (
    "; rm -rf /",
    "$(id)",
    "`id`",
    "../..",
    "/dev/zero",
    "a=b",
    "a:b",
    "a,b",
    "@x",
    "!x",
    "&a",
    "*a",
    "-",
    "--",
    "==",
)
INTERPOLATIONS = (
    "${seed}",
    "${nosuch}",
    "${oc.env:HOME}",
    "${oc.env:NOSUCH}",
    "${",
    "${}",
    "${.}",
    "${..a}",
    "${a.${b}}",
)
INTERPOLATIONS += (
    "${arms}",
    "${training}",
    "${oc.decode:'[1'}",
    "${oc.create:{a: 1}}",
    "\\${seed}",
    "${training.epochs}",
    "${" * 100,
)
INTERPOLATIONS += ("${hydra:runtime.cwd}", "${model.layers}", "${now:%Y}", "$" + "{x:" * 50 + "}" * 50)
FUNCTIONS = (
    "1,2",
    "choice(1,2)",
    "range(1,3)",
    "range(1,1e9)",
    "glob(*)",
    "int(3)",
    "str(1)",
    "sort(2,1)",
    "shuffle(1)",
    "tag(a,1)",
)
FUNCTIONS += ("interval(0,1)", "extend_list(1)", "json_str(1)", "float(x)", "bool(1)", "nosuch(1)", "int(")
CODE = (
    "{_target_: os.system}",
    "{_target_: os.system, _args_: [id]}",
    "{_convert_: all}",
    "{_partial_: true}",
    "!!python/name:os.system",
)
VALUES = (NUMBERS, SHAPES, WORDS, INTERPOLATIONS, FUNCTIONS, CODE)
# What no number is, however it is meant; of whole numbers neither a half.
NO_NUMBERS = ("true", "false", "nan", "inf", "-inf", "1e400", "[1]", "{a: 1}", "x", "True")
# Choices that make an experiment together.
BASES: tuple[tuple[str, ...], ...] = (
    (),
    ("scale=smoke",),
    ("model=mlp_relu", "scale=smoke"),
    ("model=cnn",),
    ("experiment=polynomial",),
    ("model=linear_2", "data=sales", "loss=mean_squared_error", "training.batch_size=8"),
    ("model.layers=[flatten, {kind: dense, units: 10, kernel_initializer: zeros}]", "training.batch_size=50"),
    ("model=mlp_3_hidden", "loss=mean_squared_error"),
    ("experiment=sales",),
    ("from=inputs/experiment.json",),
)
FAMILIES = ("optimizer", "schedule", "clipping", "weight_decay", "regularizer")
GROUPS = ("optimizer", "loss", "arm", "experiment", "schedule", "mine", "hydra", "é", "a.b")
ROOTS = ("training", "comparison", "seed", "name", "rungs", "vocabulary", "seeds", "arm")
HANGING_TOGETHER = ("arm.adapter", "arm.mode")  # with one another
ARMS = (
    "[reference]",
    "[tensorflow]",
    "[mindspore,tensorflow]",
    "[{use: reference, name: first},{use: reference, name: second, precision: float32}]",
    "[{name: a, adapter: tensorflow, mode: graph},mindspore_pynative]",
    "[{use: tensorflow, environment: {OMP_NUM_THREADS: 1}},tensorflow,tensorflow]",
    "[{use: tensorflow, spec: {optimizer: {kind: sgd}}},mindspore]",
)
ODD_ARMS = (
    "[{use: reference, environment: {'A=B': x}}]",
    "[{use: reference, environment: {PYTHONPATH: x, LD_PRELOAD: y}}]",
    "[{use: reference, environment: {A: '\x1b[31m'}}]",
    "[{use: reference, python: /dev/null}]",
    "[{use: reference, python: '~nosuchuser/x'}]",
    "[{use: reference, spec: {model.layers.99.units: 1}}]",
    "[{use: reference, spec: {optimizer: {kind: [1]}}}]",
    "[{use: reference, spec: {a.b: 1, '': 2}}]",
    "[{use: reference, name: '[/bold]'}]",
    "[{use: reference, name: ..}]",
    "[{use: reference, name: " + "x" * 300 + "}]",
    "[" + ",".join(["reference"] * 200) + "]",
    "[{adapter: nosuch, name: a, mode: b}]",
    "[{use: {use: reference}}]",
    "[reference,1,null,true,[reference]]",
    "{a: 1}",
    "all",
)
PATHS = (
    "run",
    "a/b/c",
    "inputs",
    "inputs/experiment.json",
    "inputs/pair.yaml/below",
    "nosuch/x.json",
    "x" * 300,
    "a/" * 2500,
)
PATHS += (
    "~nosuchuser",
    "~nosuchuser/x",
    "~",
    "~/run",
    "~root/nosuch",
    "/dev/zero",
    "/dev/null",
    "/dev/full",
    "/dev/stdin",
    "/proc/self/mem",
)
PATHS += (
    "/proc/x",
    "/",
    ".",
    "..",
    "",
    "null",
    "a\nb",
    "\x1b[2J",
    "[/bold]x",
    "é",
    "\udcff",
    "a\udc80/b",
    "$HOME",
    "${seed}",
    "'q'",
    "//x",
)
KEYS = (
    "nosuch",
    "trainin.epochs",
    "training.epoch",
    "epochs",
    "",
    ".",
    "a..b",
    "arms.0.name",
    "arms.99.name",
    "arms.-1.name",
    "arms.x",
)
KEYS += (
    "model.layers.1.units",
    "model.layers.0",
    "suite.0",
    "hydra",
    "hydra.run.dir",
    "hydra/launcher",
    "hydra.sweep",
    "_self_",
    "defaults",
)
KEYS += (
    "_target_",
    "__class__",
    "null",
    "true",
    "0",
    "1.2",
    "é",
    "\x1b[31m",
    "<img>",
    "a b",
    "x" * 5000,
    ".".join("a" * 300),
    "a@b",
    "a/b",
)
KEYS += (
    "${seed}",
    "arm",
    "arm.name",
    "arm.nosuch",
    "model",
    "model.layers",
    "variants.a",
    "orderings",
    "expected",
    "expected.0",
    "data.root",
)
OPTIONS_TYPED = (
    "-",
    "--",
    "--nosuch",
    "--cfg",
    "--cfg=all",
    "--config-dir",
    "--config-dir=",
    "-x",
    "--help",
    "-h",
    "--version",
    "--conf=x",
)
OPTIONS_TYPED += (
    "--cfg=job",
    "--verify=x",
    "--markdown",
    "--arms",
    "--arms=a:b",
    "--\x1b[31m",
    "--é",
    "--config-dir=inputs/conf",
)
OPTIONS_TYPED += tuple(
    f"--config-dir={path}"
    for path in ("inputs", "inputs/fifo", "nosuch", "~nosuchuser", "x" * 300, "/dev/zero", "\udcff")
)
