"""The one place where code named in a file is run: what it may return, and what is told where it fails."""

import numpy as np
import pytest

from adapters.user_data import MisfitError, from_channels_last, to_channels_last
from adapters.user_model import BuilderError, build_model, refusal, require_accepts

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


def needing(width, *, depth, name="x", **rest):
    return width


def returning_nothing():
    pass


def returning_a_class():
    return int


def returning_two():
    return 3, 4.0


constant = 3
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


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("a_list", "returned a list with the model among its 1 elements; it must return a number"),
        ("returning_two", "returned a tuple with the model among its 2 elements; it must return a number"),
        ("returning_nothing", r"returned None, as a function without a return statement does; it must return a number"),
        ("returning_a_class", "returned the class int, not an instance; it must return a number"),
        ("needing", r"needs 2 arguments \(width, depth\); it is called without any: write a function that gives them"),
        ("constant", "is no function but an int"),
    ],
)
def test_what_cannot_be_called_or_is_no_model_is_a_mistake_and_told(function, told, file):
    with pytest.raises(MisfitError, match=rf"^builders_of_this_test\.py:{function} {told}"):
        build_model(file, function, (int,), "a number")


def test_a_refusal_names_the_layer_and_the_telling_line():
    def call():
        raise TypeError("Exception encountered when calling Dense.call().\n\n\x1b[1mwrong dtype\x1b[0m\n\nmore")

    with pytest.raises(BuilderError) as error:
        require_accepts(call, "models.py:net", (np.zeros((2, 3)), np.zeros(2)), ["body", "body.fc"])
    assert "of 2 arrays: 0 (2, 3), 1 (2,), channels last (at layer body.fc: TypeError: wrong dtype)" in str(error.value)
    assert refusal(error.value) == "layer body.fc: TypeError: wrong dtype"
    assert refusal(ValueError("no")) == "ValueError: no"


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
