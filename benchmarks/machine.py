"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import llvmlite.binding as llvm

from benchmarks.probe import threads
from chainrule.codegen.target import host


def machine() -> dict[str, str]:
    """Processor, cores, vectors, caches, memory and system; the governor where it can be read."""
    target = host()
    facts = {
        "processor": _processor(),
        "LLVM's name": f"{target.cpu}, {target.level}",
        "cores": f"{threads()} of {os.cpu_count()} usable",
        "caches": _caches(),
        "memory": _memory(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "system": f"{platform.system()} {platform.machine()}",
    }
    return {name: value for name, value in facts.items() if value}


def own_versions() -> dict[str, str]:
    """Of what this project is run by."""
    return {"Python": platform.python_version(), "LLVM": ".".join(map(str, llvm.llvm_version_info))}


def _processor() -> str:
    fields = {}
    for line in _read("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    if "model name" not in fields:
        return platform.processor()
    numbers = [f"{name} {fields[name]}" for name in ("cpu family", "model") if name in fields]
    return ", ".join((fields["model name"], *numbers))


def _caches() -> str:
    sizes = []
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        if _read(folder / "type") != "Instruction":
            sizes.append(f"L{_read(folder / 'level')} {_read(folder / 'size')}")
    return ", ".join(sizes)


def _memory() -> str:
    if "SC_PHYS_PAGES" not in os.sysconf_names:
        return ""
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
