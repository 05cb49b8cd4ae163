"""The one place where code named in a file is run: what it may return, and what is told where it fails."""

import numpy as np
import pytest

from adapters.user_model import BuilderError, build_model, from_channels_last, require_accepts, to_channels_last

BUILDERS = """
from beside import NUMBER


def number():
    return NUMBER


def a_list():
    return [1]


def leaving():
    raise SystemExit("enough")


def raising():
    raise ValueError("no such luck\\nand more of it")
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "beside.py").write_text("NUMBER = 3\n")
    (tmp_path / "builders_of_this_test.py").write_text(BUILDERS)
    return str(tmp_path / "builders_of_this_test.py")


def test_a_builder_may_import_what_lies_beside_it(file):
    assert build_model(file, "number", (int,), "a number") == 3


def test_what_it_raises_is_told_in_one_line(file):
    with pytest.raises(BuilderError) as error:
        build_model(file, "raising", (int,), "a number")
    assert str(error.value) == "builders_of_this_test.py:raising raised ValueError: no such luck"


def test_a_builder_that_asks_for_the_end_of_the_process_is_named(file):
    with pytest.raises(BuilderError, match=r"builders_of_this_test\.py:leaving raised SystemExit: enough"):
        build_model(file, "leaving", (int,), "a number")


def test_what_it_returns_instead_is_told(file):
    with pytest.raises(BuilderError, match="returned list, not a number"):
        build_model(file, "a_list", (int,), "a number")


def test_a_batch_that_a_model_does_not_take_is_told_with_its_shape():
    def call():
        raise TypeError("7 columns are needed")

    with pytest.raises(BuilderError) as error:
        require_accepts(call, "models.py:net", np.zeros((2, 3)))
    assert "the model of models.py:net does not take a batch of shape (2, 3), channels last" in str(error.value)
    assert "TypeError: 7 columns are needed" in str(error.value)


def test_images_are_turned_for_a_side_that_wants_channels_first_and_rows_are_not():
    image, row = np.arange(24).reshape(1, 2, 3, 4), np.zeros((2, 5))
    turned = from_channels_last(image, "channels_first")
    assert turned.shape == (1, 4, 2, 3)
    assert np.array_equal(to_channels_last(turned, "channels_first"), image)
    assert from_channels_last(row, "channels_first") is row
    assert from_channels_last(image, "channels_last") is image
