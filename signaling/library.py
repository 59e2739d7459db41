"""Socket.IO and engine.io, without what their packages load besides the server: clients and message queues.

Those bring requests and redis, which the libraries try to import and do without: 11 MB, a quarter of a second of every
start. Whoever needs either imports it afterwards as ever.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _left_out(*names: str) -> Iterator[None]:
    """While it lasts ``import name`` raises ImportError, unless it is loaded already."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # Python's own mark for what cannot be imported
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _left_out("requests", "redis", "websocket"):
    import engineio
    import socketio
    from engineio.packet import CLOSE, MESSAGE, OPEN, PING, PONG
    from engineio.packet import Packet as EnginePacket
    from socketio.exceptions import ConnectionRefusedError as Refuse
    from socketio.packet import CONNECT_ERROR, EVENT
    from socketio.packet import Packet as SocketPacket

__all__ = ["CLOSE", "CONNECT_ERROR", "EVENT", "MESSAGE", "OPEN", "PING", "PONG"]
__all__ += ["EnginePacket", "Refuse", "SocketPacket", "engineio", "socketio"]
