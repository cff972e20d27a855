"""The JIT compiler: LLVM IR becomes machine code, from the cache or compiled, alive as long as someone can call it.

There is no optimisation pipeline: the IR is written as it should be executed. Code may call nothing outside of itself
but LLVM's intrinsics and the few functions that LLVM itself puts in their place, such as memcpy: a symbol that is not
resolved would be no error until it is called, and then a crash.

The JIT is ORC. One session loads an object in half the time that a session, or an MCJIT engine, for each needs; but it
never forgets a name, so it is succeeded by a new one after a number of objects.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from chainrule.codegen.target import TargetMachine, require_known, require_runnable
from chainrule.errors import ChainruleError
from chainrule.runtime import cache as objects
from chainrule.runtime.symbols import undefined

_OBJECTS_A_SESSION = 256
_LIBRARY_FUNCTIONS = ("memcpy", "memmove", "memset", "bzero", "__bzero", "__chkstk")

_COMPILER = (llvmlite.__version__, *map(str, llvm.llvm_version_info))
_numbers = itertools.count()
_lock = threading.RLock()
_session: Any = None


class Code:
    """Machine code in memory. Addresses are valid as long as this object lives: keep it beside them."""

    def __init__(self, library: Any, functions: Sequence[str]) -> None:
        self._library = library
        self._addresses = {name: int(library[name]) for name in functions}

    def address(self, name: str) -> int:
        """Where a function begins.

        Raises:
            KeyError: the function was not named when the code was loaded.
        """
        return self._addresses[name]

    def function(self, name: str, *parameters: Any, result: Any = None, brief: bool = False) -> Any:
        """A function to call, which keeps the code alive; its types are those of ctypes.

        The interpreter's lock is released meanwhile, unless the function is so brief that this would take as long.
        """
        kind = ctypes.PYFUNCTYPE if brief else ctypes.CFUNCTYPE
        native: Any = kind(result, *parameters)(self._addresses[name])
        native.code = self
        return native


def load(ir: str, target: TargetMachine, functions: Sequence[str]) -> Code:
    """Machine code of a module for this machine, with the addresses of some of its functions.

    Raises:
        ArgumentError: this machine cannot run code for the target.
        ChainruleError: the text is not valid, or the code needs something from outside.
    """
    return load_or_write((ir,), lambda: ir, target, functions)


def load_or_write(
    origin: Sequence[str], write: Callable[[], str], target: TargetMachine, functions: Sequence[str]
) -> Code:
    """As `load`, of a module that is written only if no machine code of the same origin is kept.

    Args:
        origin: texts from which, and from the target, that of the module follows.
        write: gives the text of the module.
        target: what to compile for.
        functions: those to call.
    """
    require_runnable(target)
    name = objects.key(*origin, target.triple, target.cpu, target.features, *_COMPILER)
    stored = objects.read(name)
    if stored is not None:
        return _link(stored, functions)
    code = emit(write(), target)
    _require_closed(undefined(code))
    linked = _link(code, functions)
    objects.write(name, code)
    return linked


def emit(ir: str, target: TargetMachine) -> bytes:
    """The object file of a module, for this or another machine.

    Raises:
        ChainruleError: the text is not valid, or declares something from outside.
    """
    result: bytes = _generate(ir, target, "emit_object")
    return result


def assembly(ir: str, target: TargetMachine) -> str:
    """The machine code of a module as text, for people."""
    result: str = _generate(ir, target, "emit_assembly")
    return result


def _generate(ir: str, target: TargetMachine, method: str) -> Any:
    """Parse, verify and generate code; in a context of its own, which is freed after everything in it."""
    machine = _machine(target)
    try:
        with llvm.create_context() as context, llvm.parse_assembly(ir, context) as module:
            module.verify()
            _require_closed({value.name for value in _declarations(module)})
            module.triple, module.data_layout = target.triple, str(machine.target_data)
            return getattr(machine, method)(module)
    except RuntimeError as error:
        raise ChainruleError(f"the code is not valid LLVM IR: {error}") from error


def _declarations(module: Any) -> list[Any]:
    values = itertools.chain(module.functions, module.global_variables)
    return [value for value in values if value.is_declaration and not value.name.startswith("llvm.")]


def _require_closed(names: set[str]) -> None:
    outside = sorted(names - _libraries().keys())
    if outside:
        raise ChainruleError(f"the code needs {', '.join(outside)} from outside; nothing but llvm.* can be called")


def _machine(target: TargetMachine) -> Any:
    """LLVM's code generator for a target: position-independent, so that it can lie anywhere."""
    require_known(target)
    _initialise(target.triple == llvm.get_process_triple())
    generator = llvm.Target.from_triple(target.triple)
    return generator.create_target_machine(
        cpu=target.cpu, features=target.features, opt=1, reloc="pic", codemodel="default", jit=True
    )


@cache
def _initialise(native: bool) -> None:
    if native:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
    else:
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()


@cache
def _libraries() -> dict[str, int]:
    """Addresses of what LLVM may call on its own account."""
    library = ctypes.CDLL("ntdll" if sys.platform == "win32" else None)
    found = {name: getattr(library, name) for name in _LIBRARY_FUNCTIONS if hasattr(library, name)}
    addresses = {name: int(ctypes.cast(function, ctypes.c_void_p).value or 0) for name, function in found.items()}
    if sys.platform == "win32":  # a mark of code with floating-point numbers; nobody reads it
        addresses["_fltused"] = addresses["memcpy"]
    return addresses


def _link(code: bytes, functions: Sequence[str]) -> Code:
    builder = llvm.JITLibraryBuilder().add_object_img(code)
    for name, address in _libraries().items():
        builder.import_symbol(name, address)
    for name in functions:
        builder.export_symbol(name)
    number = next(_numbers)
    try:
        return Code(builder.link(_open_session(number), f"code{number}"), functions)
    except RuntimeError as error:
        raise ChainruleError(f"the code cannot be linked: {error}") from error


def _open_session(number: int) -> Any:
    """The session that is current; earlier ones live on in their libraries."""
    global _session
    with _lock:
        if _session is None or number % _OBJECTS_A_SESSION == 0:
            _initialise(True)
            try:
                llvm.check_jit_execution()
            except OSError as error:
                raise ChainruleError(
                    f"{error}; set CHAINRULE_EXECUTOR=reference to work without machine code"
                ) from error
            # Code must lie within 2 GB of its constants, 4 GB on ARM. JITLink sees to that; LLVM's older linker puts
            # them anywhere and ends the process if they are too far apart (LLVM's issue 71963).
            _session = llvm.create_lljit_compiler(use_jit_link=sys.platform != "win32")
        return _session


def _hold() -> None:
    """Wait until no thread is inside of LLVM; a child forked then would wait for ever for its locks."""
    _lock.acquire()
    llvm.ffi.lib._lock.__enter__()


def _let_go() -> None:
    llvm.ffi.lib._lock.__exit__(None, None, None)
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_let_go)
