"""Numbers of which a training records one a step, kept as an array: a long training has millions of them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from harness.records.array_types import FloatArray


class Series(Sequence[float]):
    """An immutable sequence of floats in 8 bytes each. It equals any sequence of the same numbers, in which NaN is NaN.

    NumPy takes it as an array without a copy. Pydantic validates it from a sequence of numbers, or from `packed`.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Iterable[float] = ()) -> None:
        numbers = values if hasattr(values, "__array__") else list(values)
        self._values: FloatArray = np.array(numbers, np.float64).reshape(-1)
        self._values.flags.writeable = False

    @classmethod
    def joined(cls, parts: Iterable[Sequence[float]]) -> Series:
        """The numbers of all parts, in order."""
        arrays = [np.asarray(part, np.float64) for part in parts]
        return cls(np.concatenate(arrays)) if arrays else cls()

    @property
    def packed(self) -> str:
        """The numbers as text that is made and read a hundred times faster than decimals: base64 of their bytes."""
        return base64.b64encode(self._values.astype("<f8").tobytes()).decode("ascii")

    @classmethod
    def unpacked(cls, text: str) -> Series:
        """The series whose `packed` is the text; ValueError for any other text."""
        return cls(np.frombuffer(base64.b64decode(text, validate=True), "<f8"))

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> Series: ...
    def __getitem__(self, index: int | slice) -> float | Series:
        return Series(self._values[index]) if isinstance(index, slice) else float(self._values[index])

    def __iter__(self) -> Iterator[float]:
        return map(float, self._values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._values, dtype) if copy else np.asarray(self._values, dtype)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and np.array_equal(self._values, np.asarray(other, np.float64), equal_nan=True)

    def __hash__(self) -> int:
        return hash(self._values.tobytes())

    def __repr__(self) -> str:
        return f"Series({np.array2string(self._values, separator=', ')})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def validated(value: Any, numbers: core_schema.ValidatorFunctionWrapHandler) -> Series:
            if isinstance(value, Series):
                return value
            return cls.unpacked(value) if isinstance(value, str) else cls(numbers(value))

        return core_schema.no_info_wrap_validator_function(
            validated,
            core_schema.list_schema(core_schema.float_schema()),
            serialization=core_schema.plain_serializer_function_ser_schema(list),
        )
