"""Vectors of float32 as a type for functions that Numba compiles, so that sums over many steps stay in registers.

Left to itself the compiler turns the innermost loop into vector instructions, which here runs along a row: what is
summed up then goes to memory and back at every step of the loop around it.
"""

import operator

import llvmlite.binding
from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 16 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 8
"""Numbers in a vector."""

_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_INTEGERS = ir.VectorType(ir.IntType(32), LANES)


class _Lanes(types.Type):
    """`LANES` float32 numbers, with `+`, `+=`, `-`, `*` and `/`."""

    def __init__(self):
        super().__init__(name=f"lanes{LANES}")


_lanes = _Lanes()


@register_model(_Lanes)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _FLOATS)


def _define(operation, instruction: str) -> None:
    infer_global(operation)(type("_Template", (ConcreteTemplate,), {"cases": [signature(_lanes, _lanes, _lanes)]}))
    lower_builtin(operation, _lanes, _lanes)(lambda _, builder, __, both: getattr(builder, instruction)(*both))


for _operation, _instruction in (
    (operator.add, "fadd"),
    (operator.iadd, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _define(_operation, _instruction)


def _pointer(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    place = builder.gep(array.data, [arguments[1]])
    return builder.bitcast(place, _FLOATS.as_pointer())


@intrinsic
def load(typing, array, first):
    """The numbers of a contiguous float32 array from its element `first` on, which is not checked."""

    def generate(context, builder, signature, arguments):
        value = builder.load(_pointer(context, builder, signature, arguments))
        value.align = 4
        return value

    return _lanes(array, types.intp), generate


@intrinsic
def store(typing, array, first, value):
    """The reverse of `load`."""

    def generate(context, builder, signature, arguments):
        written = builder.store(arguments[2], _pointer(context, builder, signature, arguments[:2]))
        written.align = 4
        return context.get_dummy_value()

    return types.void(array, types.intp, _lanes), generate


@intrinsic
def all_of(typing, value):
    """One float32 number in every lane."""

    def generate(context, builder, signature, arguments):
        return _splat(builder, arguments[0])

    return _lanes(types.float32), generate


@intrinsic
def greater(typing, first, second):
    """The greater of each two; the second if one is NaN."""

    def generate(context, builder, signature, arguments):
        return builder.select(builder.fcmp_ordered(">", *arguments), *arguments)

    return _lanes(_lanes, _lanes), generate


@intrinsic
def whole(typing, value):
    """Rounded to whole numbers, towards zero."""

    def generate(context, builder, signature, arguments):
        return builder.sitofp(builder.fptosi(arguments[0], _INTEGERS), _FLOATS)

    return _lanes(_lanes), generate


@intrinsic
def power_of_two(typing, exponent):
    """2 to whole numbers from -126 to 127."""

    def generate(context, builder, signature, arguments):
        biased = builder.add(builder.fptosi(arguments[0], _INTEGERS), _splat(builder, ir.IntType(32)(127)))
        return builder.bitcast(builder.shl(biased, _splat(builder, ir.IntType(32)(23))), _FLOATS)

    return _lanes(_lanes), generate


def _splat(builder, value):
    vector = ir.VectorType(value.type, LANES)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), mask)
