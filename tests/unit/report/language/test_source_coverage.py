"""Every text that the sources write into records or onto pages has its Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from exempt_texts import NOT_TRANSLATED, PARTS
from source_texts import ROOT, SourceText, texts_of
from untranslated import english_in

from harness.ledger.loading import ledger
from harness.report.language import language_of

RECORDING = (
    "adapters",
    "harness/diagnosis",
    "harness/judging",
    "harness/oracles",
    "harness/records",
    "harness/report",
    "harness/results",
    "harness/rungs",
    "harness/scenarios",
    "harness/subjects",
    "harness/timing",
    "harness/worker",
)
# Of these, what only the terminal, the help or a mistake in a request says.
NOT_RECORDING = (
    "adapters/gates.py",
    "adapters/mindspore/specifics/missing_kernels.py",
    "adapters/user_data.py",
    "adapters/user_targets.py",
    "adapters/views.py",
    "harness/records/exit_codes.py",
    "harness/records/interpreter.py",
    "harness/report/arrangements.py",
    "harness/report/baselines.py",
    "harness/report/catalogue.py",
    "harness/report/catalogue_run.py",
    "harness/report/defaults_table.py",
    "harness/report/doctor.py",
    "harness/report/gate_outputs.py",
    "harness/report/hosts.py",
    "harness/report/html/reading.py",
    "harness/report/html/rendering.py",
    "harness/report/html/writing.py",
    "harness/report/language/",
    "harness/report/ledger_table.py",
    "harness/report/listening.py",
    "harness/report/model_table.py",
    "harness/report/progress.py",
    "harness/report/pruning.py",
    "harness/report/reporting.py",
    "harness/report/screen/",
    "harness/report/self_test.py",
    "harness/report/semantics.py",
    "harness/report/sending.py",
    "harness/report/screen/sweep.py",
    "harness/report/terminal.py",
    "harness/report/trend.py",
    "harness/report/verification.py",
    "harness/report/vocabulary_table.py",
    "harness/results/catalogue/",
    "harness/scenarios/catalogue/",
    "harness/scenarios/compare.py",
    "harness/scenarios/gate/",
    "harness/scenarios/hosts/arrival.py",
    "harness/scenarios/hosts/join.py",
    "harness/scenarios/hosts/recordings.py",
    "harness/scenarios/hosts/request.py",
    "harness/scenarios/start.py",
    "harness/scenarios/sweep/actions.py",
    "harness/scenarios/sweep/launchers/extras.py",
    "harness/scenarios/sweep/launchers/protocol.py",
    "harness/scenarios/sweep/launchers/slurm.py",
    "harness/scenarios/sweep/one_run.py",
    "harness/scenarios/sweep/preparing.py",
    "harness/scenarios/sweep/start.py",
    "harness/scenarios/sweep/sweeper.py",
    "harness/scenarios/verify/",
    "harness/subjects/pair/batches.py",
    "harness/subjects/pair/composing.py",
    "harness/subjects/pair/correspondence.py",
    "harness/subjects/pair/derived.py",
    "harness/subjects/pair/drawing.py",
    "harness/subjects/pair/questions.py",
    "harness/subjects/pair/spec.py",
    "harness/subjects/recorded/pairing.py",
    "harness/timing/self_test.py",
    "harness/worker/interpreter.py",
)
ZH = language_of("zh")


def sources() -> Iterator[Path]:
    for folder in RECORDING:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not str(path.relative_to(ROOT)).startswith(NOT_RECORDING):
                yield path


def texts() -> list[SourceText]:
    return [text for path in sources() for text in texts_of(path)]


def is_translated(text: SourceText) -> bool:
    """Whether some sample is translated to its last word; which one is, depends on what its slots hold."""
    samples = [re.sub(r"^(#+ |- |[;:,] )", "", sample) for sample in text.samples]
    return any(not english_in(translate(sample)) for sample in samples for translate in (ZH.sentence, ZH.phrase))


def test_every_text_of_the_sources_has_its_chinese() -> None:
    found = texts()
    missing = [
        f"{text.place}: {text.text}"
        for text in found
        if text.samples[0] not in PARTS and text.samples[0] not in NOT_TRANSLATED and not is_translated(text)
    ]
    assert len(found) > 1_500
    assert not missing, "put these into harness/report/language/zh:\n" + "\n".join(missing)


def test_no_exemption_is_stale() -> None:
    first_samples = {text.samples[0] for text in texts()}
    assert sorted({*PARTS, *NOT_TRANSLATED} - first_samples) == []


@pytest.mark.parametrize("part", PARTS)
def test_the_sentences_of_a_part_are_translated_to_the_last_word(part: str) -> None:
    for sentence in PARTS[part]:
        translation = ZH.phrase(sentence)
        assert english_in(translation) == [], translation


def test_every_entry_of_the_ledger_has_its_chinese() -> None:
    texts_of_entries = [text for entry in ledger() for text in (entry.what, entry.cause, entry.instead)]
    assert len(texts_of_entries) > 225
    assert [text for text in texts_of_entries if not re.search(r"[\u4e00-\u9fff。]", ZH.sentence(text))] == []
