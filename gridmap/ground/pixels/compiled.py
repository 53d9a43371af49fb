"""How the loops of the pixel grid are compiled. Only the modules beside this one import numba.

Every loop has its types given, so it is compiled (or read from numba's cache) when its module is imported and never
later; it holds no lock of Python's, so that threads of ours can share the work. numba's cache looks at the file of a
loop and at no other: whoever changes `sums.py` or this file must touch `finding.py` and `making.py` too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numba as nb
from numba.extending import intrinsic

F64, I32, I64 = nb.float64, nb.int32, nb.int64
#: a function that is compiled as a part of those that call it
helper = nb.njit(error_model="numpy")


def array(dtype: Any, ndim: int, layout: Literal["C", "A"] = "C", written: bool = False) -> Any:
    """The type of an array; only those that a loop writes may be written to."""
    return nb.types.Array(dtype, ndim, layout, readonly=not written)


#: see `make.Frame`
FRAME = nb.types.Tuple([F64, F64, F64, F64, I64, I64])  # type: ignore[no-untyped-call]
_NUMBERS, _LABELS = array(F64, 1), array(I32, 1)
#: `make.Arrays`, and the place of each row in the order of codes
GRID = (_NUMBERS, _NUMBERS, _LABELS, array(I64, 2), _LABELS, array(F64, 2), array(I32, 2), _LABELS)


def compiled(*types: Any, nogil: bool = True) -> Callable[[Any], Any]:
    """Compile now, or take it from numba's cache; where there is no folder for one, only into memory.

    `nogil`: let go of Python's lock meanwhile, which a loop of less than a microsecond has nothing from.
    """

    def decorate(function: Any) -> Any:
        try:
            return nb.njit(types, nogil=nogil, error_model="numpy", cache=True)(function)
        except Exception:  # no writable folder, a full disk, a spoilt entry: whatever ails the cache, the code is sound
            return nb.njit(types, nogil=nogil, error_model="numpy")(function)

    return decorate


@intrinsic
def pointer(_: Any, address: Any) -> Any:  # noqa: ARG001  (numba goes by the names)
    """An address as a pointer, for `numba.carray`. Whoever gives one keeps what lies there alive."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], context.get_value_type(signature.return_type))

    return nb.types.voidptr(nb.int64), build


def bare(loop: Any) -> Any:
    """A compiled loop without numba's look at the types of what it is given, which takes longer than a look-up."""
    (made,) = loop.overloads.values()
    return made.entry_point
