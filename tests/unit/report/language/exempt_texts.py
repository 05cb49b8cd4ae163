"""Texts of the sources that have no translation of their own, by their first sample (see `source_texts`)."""

# Parts of a sentence. Each has sentences of which it is a part, and those must be translated to the last word.
PARTS: dict[str, tuple[str, ...]] = {
    # records
    " is off by ": ("mindspore is off by 0.3",),
    "about Q7 hereQ7, more than Q7": (
        "about 90 s here (layer 50 s, trajectory 40 s), more than budget_s=60; free steps 20 -> 10 by budget_s=60: "
        "about 40 s",
    ),
    # judging
    ", 7 ten steps on": (
        "past step 40 a free run tells nothing; the first activation to flip by rounding: step 3, relu_1[0, 5], "
        "1e-08 against -2e-08; the losses were 1e-06 apart, 0.02 ten steps on",
    ),
    "Q7; the first activation to flip by rounding: step Q7, Q7Q7, 7 against 7; the losses were 7 apartQ7": (
        "no horizon within 20 steps; the first activation to flip by rounding: step 3, relu_1[0, 5], 1e-08 against "
        "-2e-08; the losses were 1e-06 apart",
    ),
    " + the effect of rounding the optimizer's numbers": (
        "8 x the reference's own error in float32 + 4 ULP + the effect of rounding the optimizer's numbers",
    ),
    "own error": ("8 x the reference's own error in float32 + 4 ULP",),
    "own relative error": ("8 x the reference's own relative error in float64 + 4 ULP",),
    "own error in a sample's loss": ("8 x the reference's own error in a sample's loss in float32 + 4 ULP",),
    "7 x the reference's Q7 in Q7 + 7 ULP": ("8 x the reference's own error in float32 + 4 ULP",),
    # diagnosis
    "has arrays of other shapes": (
        "the arm's own spec (mindspore computes model.layers.0.units: 3, the spec says 4) has arrays of other shapes",
    ),
    "does not explain it": (
        "momentum form (a computes optimizer.form: rate_outside, the spec says rate_inside) does not explain it",
    ),
    "the experiment": (
        "the experiment with loss.reduction: sum (judged again with it: agrees, worst 3 ULP)",
        "a with optimizer.epsilon: 1e-08 (rung run again with it: agrees, worst 2 ULP), or the experiment with "
        "optimizer.epsilon: 1e-08 (judged again with it: agrees, worst 3 ULP)",
    ),
    "rung run": ("a with loss.reduction: sum (rung run again with it: known in the ledger, worst 3 ULP)",),
    "worst 7 ULP": ("a with loss.reduction: sum (rung run again with it: agrees, worst 3 ULP)",),
    "worst 7 of its tolerance": (
        "a with loss.reduction: sum (rung run again with it: agrees, worst 0.3 of its tolerance)",
    ),
    "Q7 with Q7 (Q7 again with it: Q7, Q7)": (
        "a with optimizer.form: rate_outside (rung run again with it: agrees, worst 12 ULP) and b with "
        "optimizer.form: rate_inside (rung run again with it: agrees, worst 17.9 ULP)",
    ),
    # oracles
    "Q7, and 7 in float64": ("a and b are 0.3 apart, and 0.3 in float64: two different functions",),
    "Q7, and equal in float64: Q7 is numerically off (Q7)": (
        "a and b are 0.3 apart, and equal in float64: a is numerically off (a is off by 0.3)",
    ),
    "the reference's": ("8 x the reference's own error in float32 + 4 ULP",),
    "the one side's": ("8 x the one side's own relative error in float32 + 4 ULP",),
    "from 7 7 on": (
        "apart from step 3 on, by up to 0.2 of the largest value; whether that is rounding cannot be said, since the "
        "data cannot be loaded here (ENOENT)",
    ),
    "in their number": ("apart in their number, by up to 0.2 of the largest value",),
    "apart Q7, by up to 7 of the largest value": ("apart from value 3 on, by up to 0.2 of the largest value",),
    # rungs
    "Q7after the checkpoints of ": ("train_loss after the checkpoints of epochs 0, 7, 13",),
    "Q7 recorded Q7, the reference scores Q7 from its final weightsQ7": (
        "a recorded 91.00 %, the reference scores 90.00 % from its final weights",
        "a recorded 91.00 %, the reference scores 90.00 % from its final weights at seed 3",
    ),
    "mean Q7 points, 7, margin 7: Q7": (
        "mean 0.100 points, 90 % interval [-0.200, 0.400], margin 0.5: equivalent",
        "one arm twice, up to 0.100 points apart at one seed; mean 0.100 points, 90 % interval [-0.200, 0.400], margin "
        "0.5: undecided; 7 new seeds would decide: seeds=7 seed=5 (those of this run are not among them: a test "
        "repeated over the same seeds is right less often than it says)",
    ),
    "learning rates of Q7": ("judged: learning rates of all 300 steps",),
    "losses of Q7Q7": (
        "judged: losses of steps 0 to 21 of 300, every gradient and weight by digest; not judged: losses of step "
        "22 of 23",
    ),
    "losses of Q7": ("not judged: other losses of steps 22 to 299 of 300",),
    "gradients, weights and the state of layers": (
        "not judged: gradients, weights and the state of layers of steps 22 to 299 of 300",
    ),
    "gradients and weights": ("not judged: gradients and weights of all 300 steps",),
    "what is asked by Q7": (
        "judged: what is asked by rungs self, applied-lr, step, test accuracy after the last epoch",
        "judged: what is asked by rung self",
    ),
    " (one arm has nobody to be compared with)": (
        "not judged: test accuracy after the last epoch (one arm has nobody to be compared with)",
    ),
    "test accuracy after the last epochQ7": ("judged: test accuracy after the last epoch",),
    "test loss and accuracyQ7Q7": (
        "judged: test loss and accuracy after epochs 0, 7, 13, test_loss in float64, epochs 0 to 1 of one arm "
        "against another",
    ),
    " by the reference": ("not judged: test losses of earlier epochs by the reference",),
    "test losses of other epochsQ7": ("not judged: test losses of other epochs",),
    "all 7 steps": ("judged: losses of all 300 steps",),
    "steps 7 to 7 of 7": ("judged: learning rates of steps 0 to 2 of 300",),
    "step 7 of 7": ("judged: learning rates of step 0 of 300",),
    "Q7test sample Q7, Q7": ("epoch 3, test sample 17, label", "test sample 17, margin"),
    "Q7: Q7 is 7, not 7": (
        "a: the mean is 0.1, not 0",
        "a: the distance of the distributions is 0.1, not 0",
    ),
    " at seed Q7": ("a recorded 91.00 %, the reference scores 90.00 % from its final weights at seed 3",),
    " in float64": ("test_loss in float64, epochs 0 to 1",),
    # adapters
    "tf.pad, then ": ("tf.pad, then keras.layers.Conv2D with strides 1, thinned out without bias, then bias_add",),
    " with strides 1, thinned out": ("tf.pad, then keras.layers.Conv2D with strides 1, thinned out",),
    # worker
    " and no ": ("the processor has no avx512f and no amx_tile",),
    " (out of memory, or killed by hand)": ("signal at step: killed by SIGKILL (out of memory, or killed by hand)",),
    "twinrun Q7, which speaks protocol Q7": (
        "its interpreter has twinrun of before 0.1, which speaks protocol 3; twinrun 1.0 speaks protocol 4",
    ),
    "of before 0.1": (
        "its interpreter has twinrun of before 0.1, which speaks protocol 3; twinrun 1.0 speaks protocol 4",
    ),
    # subjects
    "Q7 Q7 times as longQ7": (
        "TIMED: a takes 8.31 ms (8.20 to 8.45) a step; b 1.230 (1.200 to 1.270) times as long; c 1.230 times as "
        "long as d",
    ),
    " in the head": ("another spec: optimizer.epsilon is 1e-08 in the head, 1e-07 in the base",),
    " in the base": ("other settings: threads is 1 in the head, 2 in the base",),
    "another spec: ": ("another spec: optimizer.epsilon is 1e-08 in A, 1e-07 in B",),
    "other settings: ": ("other settings: threads is 1 in A, 2 in B",),
    "head and base were timed in turns, in Q7 roundsQ7": ("head and base were timed in turns, in 12 rounds",),
    "batch_norm momentum convention: Q7": (
        "batch_norm momentum convention: mindspore keeps 0.9 of the old mean, tensorflow 0.1, one minus the other; "
        "proven: with momentum=0.9 in tensorflow's live batch_normalization the two agree",
        "batch_norm momentum convention: mindspore keeps 0.9 of the old mean, tensorflow 0.2",
    ),
    "the error function": ("gelu: a computes the error function, b the tanh approximation",),
    "the tanh approximation": ("gelu: a computes the tanh approximation, b the error function",),
    "gelu: 7 computes Q7, Q7 Q7": ("gelu: a computes the error function, b the tanh approximation",),
    "plan (weights, batches, noise, augmentation)": (
        "another plan (weights, batches, noise, augmentation): digest 12ab in A, 34cd in B",
    ),
    "Q7 of both is damaged": ("experiment.json of both is damaged",),
    "Q7 of both": ("experiment.json of both",),
    "answers to rung ": ("answers to rung loss",),
    " of 7 and 7": ("7 of 8 and 9",),
    "said which Q7 it had": ("a has not said which plan it had",),
    "come to its end": ("a has not come to its end (timeout at step: not done within timeout_s=30)",),
    "Q7 has not Q7": ("a has not recorded a rate", "a has not recorded a step"),
    "Q7 first at Q7Q7, Q7Q7: Q7Q7": (
        "DIVERGES first at loss, mse at value 3: a is off by 0.3; b is nearer to the reference",
        "UNVERIFIED first at run, arms/a/trace.json: is missing",
    ),
    "Q7 (7 and 7 values)": ("equal as far as both go (10 and 12 values)",),
    ", by up to Q7 relative": ("3 of 10 values differ, by up to 0.2 relative",),
    "equal bit for bit up to step Q7; first apart": (
        "equal bit for bit up to step 3; first apart at step 4: train_loss is 1 in a, 2 in b (0.5 relative)",
    ),
    "Q7 at step Q7: Q7 is 7 in Q7, 7 in Q7 (7 relative)": (
        "apart at step 0: train_loss is 1 in a, 2 in b (0.5 relative)",
    ),
    # report
    "has room for Q7": ("about 3 s a round, 30 s for 10 processes a row; budget_s=600 has room for 20",),
    "Q7 has room for Q7 of Q7 processes a row, which take ": (
        "budget_s=10 has room for 3 of 10 processes a row, which take about 30 s here; nothing can be told from fewer "
        "than two",
    ),
    "if processes differ by 7": (
        "estimated before: about 3 s a round, 30 s for 10 processes a row; budget_s=600 has room for 20; these tell a "
        "slowdown of 3.0% or more, if processes differ by 2%",
    ),
    "Q7; these tell a slowdown of 7 or more, Q7": (
        "about 3 s a round, 30 s for 10 processes a row; budget_s=600 has room for 20; these tell a slowdown of "
        "3.0% or "
        "more, if processes differ by 2%",
    ),
    "about 7 s a round; a first look at Q7 rounds, 7 s, ": (
        "about 3 s a round; a first look at 9 rounds, 27 s, and more where it does not clear every row; "
        "budget_s=600 has "
        "room for 20; 14 rounds find a slowdown of 5.0% 9 times in 10, if processes differ by 2%",
    ),
    "and more where it does not clear every row; Q7 has room for Q7": (
        "about 3 s a round; a first look at 9 rounds, 27 s, and more where it does not clear every row; "
        "budget_s=600 has "
        "room for 20; no slowdown can be found with fewer than 9",
    ),
    "Q7; Q7 rounds find a slowdown of 7 9 times in 10, Q7": (
        "budget_s=600 has room for 20; 14 rounds find a slowdown of 5.0% 9 times in 10, if processes differ by 2%",
    ),
    ", at most 7 to either side": (
        "ended after 12 rounds and 60 s: the interval of every ratio is narrow enough (precision=0.03, "
        "budget_s=600), at "
        "most 2.0% to either side",
    ),
    "ended after Q7 rounds and 7 s: Q7 (Q7)Q7": (
        "ended after 12 rounds and 60 s: no further round fits into the budget (precision=0.03, budget_s=600)",
    ),
    "one of Q7; whether the arms end equally well is judged over all of them": (
        "one of seeds 0, 1, 2; whether the arms end equally well is judged over all of them",
    ),
    "UNVERIFIED: Q7 cannot be read": ("UNVERIFIED: gate.json cannot be read",),
    "Q7, for the Q7 of the mean over the seeds": (
        "the experiment's accuracy_margin, for the 90 % interval of the mean over the seeds",
    ),
    "Q7; or 7 equals Q7": (
        "BatchNormalization(momentum=0.9) equals nn.BatchNorm2d(momentum=0.9); or nn.BatchNorm2d(momentum=0.1) equals "
        "BatchNormalization(momentum=0.1)",
    ),
    "its base": ("times as long as its base",),
    # scenarios
    "at step Q7 its loss is 7 from that of Q7, ": (
        "parity: at step 3 its loss is 0.2 from that of a, 12 times the tolerance",
    ),
    "Q77 times the tolerance": ("at step 3 its loss is 0.2 from that of a, 12 times the tolerance",),
}

# Names, options of libraries, and lines that only the terminal shows.
NOT_TRANSLATED = {
    "Exception encountered when calling",  # of Keras
    "Arguments received",
    "ih,bhwc,jw->bijc",
    "(its text cannot be had)",
    "bold red",
    "offset points",
    "axes fraction",
    "outside lower left",
    # of plots
    "upper center",
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xlink",
    "Glyph .* missing",
    "xlink:href",
    "os^Dv",
    "brskc,kcm->brscm",
    "brskc,brscm->kcm",
    "brscm,kcm->brskc",
    "batch_norm momentum",
    "batch_norm unbiased",
    "same padding 1",
    "same padding 2",
    "same padding 3",
    "same padding Q7",
    "pad_mode='same' in nn.Conv1d",
    "pad_mode='same' in nn.Conv3d",
    "padding='same' in keras.layers.Conv1D",
    "padding='same' in keras.layers.Conv3D",
    "keras.layers.ZeroPadding1D(({}, {})) before Conv1D(padding='valid')",
    "keras.layers.ZeroPadding2D((({}, {}), ({}, {}))) before Conv2D(padding='valid')",
    "keras.layers.ZeroPadding3D((({}, {}), ({}, {}), ({}, {}))) before Conv3D(padding='valid')",
    "gru reset after",
    "pad_mode='same' in nn.Conv2d",
    "padding='same' in keras.layers.Conv2D",
    "Uniform, moved",
    "CosineDecay(warmup)",
    "nn.GELU(), which approximates on a CPU in any case",
    "import json, sys, importlib.metadata as m; print(json.dumps([*map(m.version, sys.argv[1:])]))",
    # `twinrun doctor`
    "pip install 'twinrun[mindspore]'",
    "pip install 'twinrun[tensorflow]'",
    "MindSpore 2.10 is compiled against the NumPy 1.26 C API",
    "the window that both frameworks accept",
    "MindSpore 2.10 asks for it",
    "TensorFlow 2.21 asks for it",
    "pyarrow 26 refuses NumPy 1.26 when it is imported",
    # while a run goes on
    "waits for Q7: another process of twinrun times a job on it",
    "Q7 is not locked (Q7): another process of twinrun may time a job on it",
    "Q7 is calibrated on this machine, once: Q7, a few seconds each",
    "Q7: the calibration failed, so no arrangement is chosen: Q7",
    "  runs code that Q7",
    "  parameters paired: Q7; which is which stands in report.md",
    "  the whole is in Q7",
    "Q7 more are in report.md",
    "unfinished: Q7; what was recorded is in Q7",
    "could not be written anywhere",
    "is in Q7",
    "internal error: Q7. This is a fault of twinrun, not of what you gave; its traceback Q7. Please report it to the "
    "maintainers with that file and the command line",
}
