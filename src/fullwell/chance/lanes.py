"""Arithmetic that stays 32 bits wide, and rounds the same everywhere.

Numba widens every integer operation to 64 bits, which halves the number of pixels that fit a vector register and
costs AVX2 its 32-bit multiplication. These few operations are given to LLVM as they are.

Where a product is added to something, `multiply_add` says so: one rounding on every machine, in every loop. A
compiler that may contract such pairs as it likes would round differently in two loops that mean the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_I32 = ir.IntType(32)
_F32 = ir.FloatType()


def _binary(operation: str) -> Callable[..., Any]:
    @intrinsic
    def lane(typingctx: Any, left: Any, right: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, operation)(*arguments)

        return types.uint32(types.uint32, types.uint32), emit

    return lane


def _order(operator: str) -> Callable[..., Any]:
    @intrinsic
    def lane(typingctx: Any, left: Any, right: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.icmp_unsigned(operator, *arguments)

        return types.boolean(types.uint32, types.uint32), emit

    return lane


def _choice(operator: str) -> Callable[..., Any]:
    @intrinsic
    def lane(typingctx: Any, left: Any, right: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.select(builder.icmp_signed(operator, *arguments), *arguments)

        return types.uint32(types.uint32, types.uint32), emit

    return lane


def _cast(source: Any, target: Any, operation: str, llvm_type: Any) -> Callable[..., Any]:
    @intrinsic
    def lane(typingctx: Any, value: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, operation)(arguments[0], llvm_type)

        return target(source), emit

    return lane


def _fused() -> Callable[..., Any]:
    @intrinsic
    def lane(typingctx: Any, left: Any, right: Any, addend: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.fma(*arguments)

        return types.float32(types.float32, types.float32, types.float32), emit

    return lane


def _rounded() -> Callable[..., Any]:
    @intrinsic
    def lane(typingctx: Any, value: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.call(builder.module.declare_intrinsic("llvm.rint", [_F32]), arguments)

        return types.float32(types.float32), emit

    return lane


add = _binary("add")
multiply = _binary("mul")
exclusive_or = _binary("xor")
either = _binary("or_")
both = _binary("and_")
shift_right = _binary("lshr")
shift_left = _binary("shl")
subtract = _binary("sub")
below = _order("<")
lower = _choice("<")
"""The lower of two words read as signed integers; of the bits of float32 numbers from 0 up, the lower number."""
higher = _choice(">")
"""The higher of two words read as signed integers; see `lower`."""

multiply_add = _fused()
"""``left * right + addend`` of float32, rounded once (IEEE 754 fusedMultiplyAdd)."""
nearest = _rounded()
"""The whole number nearest to a float32; halves go to the even one."""
signed_float = _cast(types.uint32, types.float32, "sitofp", _F32)
"""The word read as a signed integer, as float32."""
float_bits = _cast(types.float32, types.uint32, "bitcast", _I32)
"""The bits of a float32."""
bits_float = _cast(types.uint32, types.float32, "bitcast", _F32)
"""The float32 of some bits."""
truncate = _cast(types.float32, types.uint32, "fptosi", _I32)
"""The integer part of a float32 of magnitude below 2^31, towards zero."""
