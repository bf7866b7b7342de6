"""What this machine is: no figure means anything without it."""

import os
import platform
import ssl
from pathlib import Path


def describe(directory: Path) -> dict[str, str]:
    """Name and value of everything that matters; ``directory`` is where the data lie."""
    return {
        "CPU": f"{os.cpu_count()} x {_cpu()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "file system": _file_system(directory),
        "Python": f"{platform.python_version()} ({platform.python_compiler()})",
        "OpenSSL of the client": ssl.OPENSSL_VERSION,
        "load": load(),
    }


def load() -> str:
    """Load averages of 1, 5 and 15 minutes."""
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def busy() -> bool:
    """True if more waits for a processor than there are: wall clock then says more about the others."""
    return os.getloadavg()[0] > (os.cpu_count() or 1)


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _file_system(directory: Path) -> str:
    """The mount that holds ``directory``."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    over = [mount for mount in mounts if directory.resolve().is_relative_to(mount[1])]
    device, _, kind, options = max(over, key=lambda mount: len(mount[1]))[:4]
    return f"{kind} on {device} ({options})"
