"""Bytes → readings or a named refusal: the table of codecs, one file a format."""

from collections.abc import Callable, Mapping

from devices.codecs import native
from devices.readings import Decoded

CODECS: Mapping[str, Callable[[bytes], Decoded]] = {"readings": native.decode}
"""By the channel of the topic. A codec never raises: what it cannot read it refuses by name."""
