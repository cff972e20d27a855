"""erf x = 2/√π ∫₀ˣ e^(−t²) dt.

Below 1 it is x + x·P(x²), and from there 1 − exp(x·Q(x)), where x·Q(x) approximates ln erfc x; P and Q are minimax
for the relative error of erf. The form is N. Juffa's; it needs no division and no square of rounded numbers.
"""

from __future__ import annotations

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.math.exponential import inner_exp
from chainrule.codegen.math.numbers import absolute, at_most, fma, polynomial, with_sign
from chainrule.codegen.values import Val, constant, element

_P = {
    "float": (
        0.128379166, -0.37612626, 0.112835787, -0.0268533472, 0.0051871622, -0.000799785659, 7.80692208e-05,
    ),
    "double": (
        0.12837916709551256, -0.37612638903183343, 0.1128379167093695, -0.02686617064195914, 0.005223977596735931,
        -0.000854832548500553, 0.00012055280496965316, -1.4924465651560244e-05, 1.6444150769981685e-06,
        -1.6183993073106038e-07, 1.3616708845561441e-08, -7.607832175733807e-10,
    ),
}  # fmt: skip
_Q = {
    "float": (-1.12847996, -0.635831773, -0.105115719, 0.0227981713, -0.00318684801, 0.000210630082),
    "double": (
        -1.1283791108469354, -0.6366202527847081, -0.10277082661597578, 0.019124963420088764, 0.00021203880019827305,
        -0.0016926112310326868, 0.0005746621932441116, 9.720390413123839e-07, -9.548483549562847e-05,
        5.603772308878715e-05, -2.0351073098660075e-05, 5.3851613714939476e-06, -1.0781097345025362e-06,
        1.6302049338540928e-07, -1.813023620132602e-08, 1.4023679166009025e-09, -6.744399561929372e-11,
        1.5187397435116596e-12,
    ),
}  # fmt: skip
_ONE = {"float": 4.0, "double": 6.0}  # from here on erf rounds to 1


def erf(f: FunctionBuilder, x: Val) -> Val:
    """erf x, at most 1."""
    kind, a = element(x.type), absolute(f, x)
    small = fma(f, a, polynomial(f, f.fmul(a, a), _P[kind]), a)
    limited = at_most(f, a, _ONE[kind])
    complement = inner_exp(f, f.fmul(limited, polynomial(f, limited, _Q[kind])))
    one = constant(x.type, 1)
    return with_sign(f, f.select(f.fcmp("olt", a, one), small, f.fsub(one, complement)), x)
