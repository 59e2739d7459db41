"""What the kernel says of a running process. The only file that imports psutil; plain numbers leave it."""

import re
import subprocess

import psutil  # type: ignore[import-untyped]

from tests.e2e.hospital import Hospital

_PACKAGE = re.compile(r"/site-packages/([^/.]+)")


class ServerProcess:
    """The server of a hospital that was started, with its children."""

    def __init__(self, hospital: Hospital) -> None:
        assert isinstance(hospital.process, subprocess.Popen)
        server = psutil.Process(hospital.process.pid)
        self._family: list[psutil.Process] = [server, *server.children(recursive=True)]

    def resident_mb(self) -> float:
        """In 10⁶ bytes."""
        return float(sum(process.memory_info().rss for process in self._family) / 1e6)

    def cpu_s(self) -> float:
        """User and system time since it started."""
        times = [process.cpu_times() for process in self._family]
        return float(sum(each.user + each.system for each in times))

    def mapped_packages(self) -> set[str]:
        """Python packages with a compiled file in its memory: what is loaded, whatever it imported by name."""
        paths = (region.path for process in self._family for region in process.memory_maps())
        return {found[1] for path in paths if (found := _PACKAGE.search(path))}
