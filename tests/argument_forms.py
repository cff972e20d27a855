"""How NumPy's functions can be called: all documented forms of their arguments, and what people write by mistake.

A family is some functions, a template with a place for the function and one for the arguments, and the arguments,
between semicolons. x is an array [2, 3] of floats, z one [2, 3, 3], q one [1, 3, 1], v one [6], i integers [3].
"""

from __future__ import annotations

# the forms of arguments that all reductions share
AXES = """
    axis=None ; axis=0 ; axis=-1 ; axis=(0,) ; axis=(0, 1) ; axis=(-1, 0) ; axis=() ; axis=[0] ;
    axis=np.int64(1) ; axis=(np.int64(1),) ; axis=np.array(1) ; axis=np.uint8(0) ; axis=True ; axis=1.0 ;
    axis='a' ; axis=(0, 0) ; axis=5 ; axis=-3 ; axis=(0, 5) ; axis=np.array([0, 1]) ; axis=[0, 1] ; None ; 0 ;
    (0, 1) ; axis=0, keepdims=True ; axis=0, keepdims=1 ; axis=0, keepdims=np.True_ ; axis=0, keepdims=None ;
    axis=0, keepdims=np.bool_(False) ; axis=0, out=None ; axis=0, out=np.zeros(3) ; 0, None ;
    dtype=np.float32 ; dtype=None ; where=x > 1 ; where=True ; initial=2.0
"""

FAMILIES = [
    (
        "sum mean prod max min",
        "np.{}(x, {})",
        AXES,
    ),
    (
        "sum mean prod max min var std",
        "np.{}({})",
        "a=x ; x[0, 0] ; x[:, :0] ; x[:, :0], axis=0 ; x[:, :0], axis=1",
    ),
    (
        "sum mean prod max min var std",
        "x.{}({})",
        "; 1 ; axis=(0, 1) ; axis=0, keepdims=True ; -1, None",
    ),
    (
        "var std",
        "np.{}(x, {})",
        AXES
        + """;
        ddof=1 ; ddof=0.5 ;
        ddof=np.int64(1) ; ddof=None ; ddof='a' ; ddof=6 ; ddof=10 ; correction=1 ; 0, None, None, 1 ;
        mean=np.mean(x)
        """,
    ),
    (
        "argmax argmin",
        "np.{}(x, {})",
        """
        axis=None ; axis=0 ; axis=-1 ; axis=(0,) ; axis=(0, 1) ; axis=(-1, 0) ; axis=() ; axis=[0] ;
        axis=np.int64(1) ; axis=(np.int64(1),) ; axis=np.array(1) ; axis=np.uint8(0) ; axis=True ; axis=1.0 ;
        axis='a' ; axis=(0, 0) ; axis=5 ; axis=-3 ; axis=(0, 5) ; axis=np.array([0, 1]) ; axis=[0, 1] ;
        axis=0, keepdims=True ; None, None ; out=None ; keepdims=True
        """,
    ),
    (
        "argmax argmin",
        "x.{}({})",
        "; 1 ; axis=-1, keepdims=True",
    ),
    (
        "argmax argmin",
        "np.{}({})",
        "a=x ; x[0,0] ; x[:, :0] ; x[:, :0],axis=0",
    ),
    (
        "sin exp log sqrt negative square reciprocal floor sign isnan isfinite logical_not log2 tanh "
        "positive invert absolute cos tan arctan sinh cosh expm1 log1p log10",
        "np.{}(x, {})",
        """
        out=None ; where=True ; dtype=None ; dtype=np.float32 ; casting='unsafe' ; order='K' ; subok=True ;
        where=x > 1 ; out=(None,) ; out=np.zeros((2,3)) ; None
        """,
    ),
    (
        "add multiply subtract divide power maximum minimum less equal greater_equal logical_and bitwise_or "
        "hypot logaddexp not_equal greater less_equal logical_or bitwise_and",
        "np.{}(x, {})",
        """
        2 ; [1.0, 2.0, 3.0] ; (1.0, 2.0, 3.0) ; np.float32(2) ; np.array([1, 2, 3]) ; 'a' ; None ; [1, 'a'] ;
        x[0] ; x[:, :1] ; [[1],[2]] ; [1.0, 2.0] ; 1j ; [] ; [x[0,0], 2.0, 3.0] ; True ; 2**70 ;
        np.array([1,2,3],object) ; {} ; [[1,2],[3]] ; x, out=None ; x, where=True ; x, None ;
        x, dtype=np.float64
        """,
    ),
    (
        "add multiply subtract divide power maximum minimum less equal greater_equal logical_and bitwise_or "
        "hypot logaddexp not_equal greater less_equal logical_or bitwise_and",
        "np.{}({})",
        "2, x ; [1.0, 2.0, 3.0], x ; x ; x1=x, x2=x",
    ),
    (
        "reshape",
        "np.{}(x, {})",
        """
        (3, 2) ; [3, 2] ; -1 ; 6 ; (6,) ; (-1, 2) ; (2, -1) ; np.array([3, 2]) ; np.int64(6) ;
        (np.int64(3), np.int64(2)) ; (-1, -1) ; (4, -1) ; (0, -1) ; (3.0, 2) ; 3.0 ; 'a' ; None ; () ; (7,) ;
        (-2, -3) ; (1, 6, 1) ; np.array(6) ; (np.array(3), 2) ; (True, 6) ; ((3,), 2) ; (-3, 2) ;
        (3,2), order='F' ; (3,2), order='A' ; (3,2), 'F' ; (3,2), order='C' ; (3,2), order=None ; shape=(3, 2) ;
        newshape=(3, 2) ; (3,2), copy=None
        """,
    ),
    (
        "reshape",
        "x.{}({})",
        """
        (3, 2) ; [3, 2] ; -1 ; 6 ; (6,) ; (-1, 2) ; (2, -1) ; np.array([3, 2]) ; np.int64(6) ;
        (np.int64(3), np.int64(2)) ; (-1, -1) ; (4, -1) ; (0, -1) ; (3.0, 2) ; 3.0 ; 'a' ; None ; () ; (7,) ;
        (-2, -3) ; (1, 6, 1) ; np.array(6) ; (np.array(3), 2) ; (True, 6) ; ((3,), 2) ; (-3, 2) ; 3, 2 ; -1, 3 ;
        3, -1, order='C' ; 3, 2, order='F' ; (3, 2), order='F' ; (3,2), order='A' ;
        """,
    ),
    (
        "reshape",
        "np.{}({})",
        """
        x,(3,2),copy=True ; x,(3,2),copy=False ; a=x, shape=(3,2) ; x[:, :0], (0, 5) ; x[:, :0], -1 ;
        x[:,:0], (0,-1) ; x[:,:0],(2,-1) ; x[0,0], ()
        """,
    ),
    (
        "shape ravel matrix_transpose flip zeros_like ones_like ndim",
        "np.{}({})",
        "x",
    ),
    (
        "ravel",
        "np.{}(x, {})",
        """'C' ; order='C' ; order='F' ; order='K' ; order='A' ; order=None""",
    ),
    (
        "flatten",
        "x.{}({})",
        """  ; 'F' ; order='C'""",
    ),
    (
        "transpose",
        "np.{}(x, {})",
        """
        None ; (1, 0) ; [1, 0] ; np.array([1, 0]) ; (-1, 0) ; (0, 0) ; (0,) ; 0 ; (0, 1, 2) ; (1.0, 0) ;
        (np.int64(1), 0) ; 'ab' ; axes=(1,0)
        """,
    ),
    (
        "",
        "{}{}",
        """
        x.T ; x.mT ; x[0].transpose(0) ; x[0,0].transpose() ; q.squeeze() ; q.squeeze(0) ; q.squeeze(axis=0) ;
        q.squeeze((0,2)) ; x @ [1.0, 2.0, 3.0] ; [1.0, 2.0] @ x ; x @ 2 ; x @ 'a' ; x.shape ; x.ndim ; x.size ;
        len(x) ; len(x[0,0]) ; x.itemsize ; x.nbytes ; x.real ; x.imag ; abs(x) ; round(x) ; divmod(x, 2) ;
        x // 2 ; x % 2 ; x ** 2 ; 2 ** x ; -x ; +x ; ~x ; ~(x > 1) ; x & 1 ; (x > 1) & True ; (x > 1) | (x < 0) ;
        (x > 1) ^ (x < 2) ; x << 1 ; x == None ; x != 'a' ; x == 'a' ; x < None ; bool(x) ; float(x) ; int(x) ;
        complex(x) ; x == [1.0, 2.0, 3.0] ; pow(x, 2) ; x.T.T ; np.add.reduce(x) ; np.add.accumulate(x) ;
        np.add.outer(x, x) ; np.add.at(x, 0, 1) ; np.multiply.reduceat(x, [0]) ; x.ravel() ; x.ravel('F') ;
        np.transpose(a=x) ; np.permute_dims(x,(1,0)) ; x.swapaxes(0, 1) ; x.swapaxes(axis1=0, axis2=1) ;
        np.squeeze(q) ; np.broadcast_to(x[0, 0], 3) ; np.clip(x) ; np.clip(a=x, a_min=0, a_max=1) ;
        np.where(x, x, 0) ; np.shape(x) ; np.shape(a=x) ; np.atleast_1d(x, x[0]) ; x.copy() ; x.copy(order='F') ;
        x.fill(0) ; x.repeat(2)
        """,
    ),
    (
        "transpose",
        "x.{}({})",
        "; 1, 0 ; (1, 0) ; [1, 0] ; None ; 0 ; -1,-2",
    ),
    (
        "swapaxes",
        "np.{}(x, {})",
        """0, 1 ; -1, 0 ; np.int64(0), 1 ; 0, 5 ; 0.0, 1 ; 'a', 1 ; None, 1 ; axis1=0, axis2=1""",
    ),
    (
        "moveaxis",
        "np.{}(z, {})",
        """
        0, -1 ; (0, 1), (1, 0) ; [0, 1], [2, 0] ; (0,), (2,) ; np.int64(0), 2 ; (0, 1), 2 ; 0, (1, 2) ;
        (0, 0), (1, 2) ; (0, 1), (2, 2) ; 0, 5 ; 5, 0 ; 'a', 0 ; 0.5, 1 ; (), () ; (-1, 0), (0, -1) ;
        source=0, destination=2 ; np.array([0, 1]), np.array([2, 0]) ; None, 0 ; (0, -3), (1, 2)
        """,
    ),
    (
        "expand_dims",
        "np.{}(x, {})",
        """
        0 ; -1 ; (0, 1) ; [0, 1] ; (0, -1) ; (0, 0) ; 5 ; 2 ; np.int64(1) ; (np.int64(0),) ; None ; 1.5 ; 'a' ;
        () ; axis=0
        """,
    ),
    (
        "squeeze",
        "np.{}(q, {})",
        """None ; 0 ; -1 ; (0, 2) ; (0, -1) ; [0] ; 1 ; 5 ; np.int64(0) ; (0, 0) ; 'a' ; 1.0 ; () ; axis=(0,)""",
    ),
    (
        "concatenate",
        "np.{}({})",
        """
        [x, x] ; (x, x) ; [x, x], 1 ; [x, x], axis=-1 ; [x, x], axis=None ; [x], axis=0 ; [x, np.ones((1, 3))] ;
        [x, [[1.0, 2.0, 3.0]]] ; [x, 1.0] ; [] ; x ; [x, x], axis=2 ; [x, x[0]] ; [x, x], out=None ;
        [x, x], out=np.zeros((4,3)) ; [x, x], dtype=np.float32 ; [x, x], dtype=None ; [x, x], casting='unsafe' ;
        [x, x], casting='same_kind' ; [x, x], np.int64(1) ; [x, x], axis=1.0 ; [x, x], axis='a' ;
        [x[0,0], x[0,0]] ; [x,np.ones((2,3),int)] ; [x, 'a'] ; [x, x], (0,) ; [x>1,x] ; [x,x],0,None ;
        iter([x,x]) ; [x[0], [1,2]] ; np.array([1.0]), x
        """,
    ),
    (
        "stack",
        "np.{}({})",
        """
        [x, x] ; (x, x) ; [x, x], 1 ; [x, x], axis=-1 ; [x, x], axis=5 ; [x, x], axis=np.int64(1) ; [x] ; [] ; x ;
        [x, x[0]] ; [x[0,0], 1.0, 2] ; [x, x], out=None ; [x, x], dtype=np.float32 ; [x, x], axis=None ;
        [x, x], axis='a' ; [x, np.ones((2, 3))] ; [x[0], [1.0, 2.0, 3.0]] ; arrays=[x,x] ; [x, x], axis=(0,) ;
        [x,x],casting='unsafe' ; (x for _ in range(2)) ; [x, 'a']
        """,
    ),
    (
        "hstack vstack",
        "np.{}({})",
        """
        [x, x] ; (x, x) ; x ; [x[0], x[0]] ; [x[0, 0], 1.0] ; [x, [[1.0], [2.0]]] ; [x, [1.0, 2.0, 3.0]] ; [] ;
        [x, x], dtype=np.float32 ; [x,x],dtype=None ; [x, x[0]] ; [x, x], casting='unsafe' ; tup=[x, x] ; [z, z] ;
        [x,'a'] ; (x for _ in range(2))
        """,
    ),
    (
        "split",
        "np.{}(v, {})",
        """
        3 ; np.int64(3) ; [1, 4] ; (1, 4) ; np.array([1, 4]) ; 4 ; 0 ; -1 ; 2.0 ; 'a' ; [] ; [4, 1] ; [-2] ; [9] ;
        [1.5] ; 3, 0 ; 3, axis=0 ; 3, axis=-1 ; 3, axis=1 ; np.uint8(2) ; np.array(3) ; None ; [np.int64(2)] ;
        indices_or_sections=3 ; [[1,2]] ; True ; 1 ; range(1,3) ; [None] ; [1, x]
        """,
    ),
    (
        "split",
        "np.{}(x, {})",
        "3, 1 ; 3, axis=np.int64(1) ; [1], axis=-1",
    ),
    (
        "flip",
        "np.{}(x, {})",
        """
        0 ; axis=(0, 1) ; axis=None ; axis=np.int64(1) ; axis=5 ; axis='a' ; axis=[0] ; axis=-1 ; axis=(0,0) ;
        axis=() ; 1.0
        """,
    ),
    (
        "broadcast_to",
        "np.{}(x, {})",
        """
        (2, 2, 3) ; [2, 2, 3] ; (2, 3) ; 3 ; (3,) ; np.array([2, 2, 3]) ; (np.int64(2), 2, 3) ; (2.0, 2, 3) ;
        'a' ; None ; (-1, 2, 3) ; (2, 2, 3), subok=True ; shape=(2, 2, 3) ; () ; (0, 2, 3) ; np.int64(3)
        """,
    ),
    (
        "broadcast_to",
        "np.{}({})",
        "x[0,0], np.int64(3) ; x[0,0],() ; array=x, shape=(2,3)",
    ),
    (
        "broadcast_arrays",
        "np.{}(x, {})",
        "x[0] ; [1.0, 2.0, 3.0] ; 1.0 ; subok=True ; np.ones((2,2))",
    ),
    (
        "broadcast_arrays",
        "np.{}({})",
        "x ; [1.0],x ;",
    ),
    (
        "zeros_like ones_like",
        "np.{}(x, {})",
        """
        np.float32 ; dtype=np.int64 ; dtype=float ; dtype=None ; order='C' ; subok=False ; shape=(2,) ;
        shape=None ; dtype='a' ; device=None ; dtype=np.float16 ; None ; dtype=complex ; shape=4
        """,
    ),
    (
        "full_like",
        "np.{}(x, {})",
        """
        2 ; 2.5, dtype=np.float32 ; [1.0, 2.0, 3.0] ; x[0] ; fill_value=1 ; 2, None ; 2, shape=(2,) ; 'a' ; None ;
        2, order='C' ; np.inf ; [1.0,2.0] ; 2.5, dtype=int ; 2.5, dtype=bool ; np.nan, int ;
        x[0,0], dtype=np.float32
        """,
    ),
    (
        "clip",
        "np.{}(x, {})",
        """
        0, 2 ; None, 2 ; 0, None ; None, None ; a_min=0, a_max=2 ; a_min=0 ; a_max=2 ; [0.0, 1.0, 2.0], 3 ;
        np.zeros(3), x[0] ; 0, 2, None ; 0, 2, out=None ; min=0, max=2 ; min=1 ; max=2 ; 2, 0 ; 'a', 2 ;
        0, 2, out=np.zeros((2,3)) ; 0, 2, where=True ; 0, 2, dtype=np.float32 ; x, x ; np.nan,1 ; 1j, 2 ;
        [0,1],3
        """,
    ),
    (
        "clip",
        "x.{}({})",
        "0, 2 ; min=0 ; max=2 ; 0 ;",
    ),
    (
        "where",
        "np.{}({})",
        """
        x > 1 ; x ; x > 1, x, 0 ; x > 1, x ; x > 1, [1.0, 2.0, 3.0], x ; True, x, 0 ; [True, False, True], x, 0 ;
        [1, 0, 1], x, 0 ; x > 1, x, 'a' ; x > 1, x, None ; x > 1, 1, 0 ; x > 1, x[0], x[:, :1] ;
        np.ones(4, bool), x, 0 ; x > 1, x, np.float32(0) ; condition=x > 1, x=x, y=x ; None, x, 0 ; 'a', x, 0 ;
        0.5, x, 1 ; [], x, x ; x>1, x, y=0
        """,
    ),
    (
        "take",
        "np.{}(x, {})",
        """
        0 ; [0, 1] ; (0, 1) ; [[0], [1]] ; np.array([0, 1]), 0 ; [0, 2], axis=1 ; [0], axis=None ; -1 ; [9] ;
        [0, 1], axis=5 ; [0.5] ; [True] ; 'a' ; [0], 0, None ; [0], axis=0, out=None ; [0, 9], mode='clip' ;
        [0, 9], mode='wrap' ; [0], mode='raise' ; np.int64(1), axis=np.int64(1) ; indices=[0] ; [0], axis=(0,) ;
        None ; i ; i, 0 ; i, axis=1 ; [] ; np.array([], int) ; slice(0,1) ; x ; i, mode='raise' ; [0],'a' ;
        [0], 1.0
        """,
    ),
    (
        "take",
        "x.{}({})",
        """[0, 1] ; [0], 1 ; [0], axis=1 ; i ; [0], mode='clip' ; indices=[0]""",
    ),
    (
        "take_along_axis",
        "np.{}(x, {})",
        """
        np.array([[0], [1]]), 1 ; np.array([[0], [1]]), axis=-1 ; np.array([[1]]), axis=0 ;
        np.array([1, 3]), axis=None ; np.array([[1]]), None ; np.array([[1]]) ; np.array([0]), 0 ;
        np.array([[9]]), 0 ; np.array([[0.5]]), 0 ; np.array([[True]]), 0 ; np.array([[1]]), 5 ;
        np.array([[1]]), 'a' ; np.array([[1]]), np.int64(0) ; np.array([[1]]), (0,) ; None, 0 ;
        np.array(0), None ; indices=np.array([[1]]), axis=0 ; np.argmax(x, axis=1, keepdims=True), 1 ;
        np.zeros((0, 3), int), 0 ; np.array([[1,1]]),0 ; np.array([[-1]]), 1 ; np.array([[-4]]), 1 ;
        np.array([[1]], np.uint8), 1 ; i[None], 1 ; i, None ; np.array([[1]]),1.0
        """,
    ),
    (
        "dot inner matmul vdot outer",
        "np.{}(x, {})",
        """
        x.T ; x ; x[0] ; [1.0, 2.0, 3.0] ; 2.0 ; np.ones((3, 2), int) ; np.ones(4) ; x.T, None ; x.T, out=None ;
        'a' ; None ; np.ones((4,3,2)) ; [[1,2],[3]] ; x.T, out=np.zeros((2,2))
        """,
    ),
    (
        "dot inner matmul vdot outer",
        "np.{}(x[0], {})",
        "x[0] ; z.T",
    ),
    (
        "dot inner matmul vdot outer",
        "np.{}({})",
        "[1.0, 2.0], x ; 2.0, x ; a=x, b=x.T ; x[:, :0], np.ones((0, 2)) ; x[0,0], x[0,0] ; [[1.0,2.0]], x",
    ),
    (
        "dot inner matmul vdot outer",
        "np.{}(z, {})",
        "x.T ; z",
    ),
    (
        "dot",
        "x.{}({})",
        "x.T ; [1.0, 2.0, 3.0] ; 2.0 ; b=x.T ; x.T, None",
    ),
    (
        "linalg.norm",
        "np.{}({})",
        "x ; x[0] ; x[0,0] ; z ; x=x ; x[:, :0] ; x[0,:0] ; x[0,:0], np.inf",
    ),
    (
        "linalg.norm",
        "np.{}(x, {})",
        """
        None ; 'fro' ; 2 ; 1 ; np.inf ; -np.inf ; 0 ; 'nuc' ; axis=1 ; 2, 1 ; ord=2, axis=0 ; axis=(0, 1) ;
        'fro', (0, 1) ; axis=[0] ; axis=np.int64(1) ; 2, np.int64(1) ; 1, (0, 1) ; keepdims=True ;
        axis=1, keepdims=True ; None, 1, True ; axis=5 ; axis='a' ; 'a' ; axis=(0,) ; 1, (0,) ; 1, [1] ; 2, None ;
        [2] ; axis=(0,1,0) ; 1, True
        """,
    ),
    (
        "linalg.norm",
        "np.{}(x[0], {})",
        """2 ; 2.0 ; 1 ; np.inf ; -np.inf ; 0 ; 3 ; 'fro' ; np.array(2) ; np.int64(1)""",
    ),
    (
        "linalg.norm",
        "np.{}(z, {})",
        "axis=(0, 1) ; 2 ; 1",
    ),
    (
        "astype",
        "np.{}(x, {})",
        """
        np.float32 ; 'float32' ; int ; bool ; np.float16 ; complex ; None ; 'a' ; np.float32, copy=False ;
        dtype=np.float32 ; np.float32, device=None ; np.uint64 ; np.int8 ; np.dtype('f4') ; '>f4'
        """,
    ),
    (
        "astype",
        "x.{}({})",
        """
        np.float32 ; 'f4' ; int ; bool ; complex ; np.float32, copy=False ; np.float32, order='C' ;
        np.float32, casting='unsafe' ; dtype=np.float32 ; 'a' ; None ; float
        """,
    ),
    (
        "size",
        "np.{}({})",
        "x ; x,(0,1) ; x,None",
    ),
    (
        "size",
        "np.{}(x, {})",
        """0 ; axis=1 ; -1 ; 5 ; 'a'""",
    ),
    (
        "atleast_1d",
        "np.{}({})",
        "x ; x[0, 0] ; x[0,0], 1.0 ;",
    ),
    (
        "conj round tolist item sort cumsum nonzero any all diagonal trace",
        "x.{}({})",
        "",
    ),
]


def forms() -> dict[str, list[str]]:
    """For each function the expressions in which it is called."""
    found: dict[str, list[str]] = {}
    for names, template, arguments in FAMILIES:
        for name in names.split() or [""]:
            calls = found.setdefault(name or "operators", [])
            calls += [template.format(name, argument.strip()) for argument in arguments.split(";")]
    return found
