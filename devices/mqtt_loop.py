"""A paho client driven by the running loop: a thousand need no thread. One object, one connection.

Connecting – a name to resolve, a TLS handshake – is done in a thread for as long as it takes; all else in the loop.
"""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from paho.mqtt import client as paho

from devices.mqtt_endpoint import Endpoint
from devices.wire import LinkClient, connect_properties

LOG = logging.getLogger(__name__)


class Driver:
    """Reads, writes and keeps alive what it was given; sets the client's ``on_socket_…``, nothing else."""

    def __init__(self, client: LinkClient, endpoint: Endpoint) -> None:
        self._client, self._endpoint = client, endpoint
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._paused = self._over = False
        client.on_socket_open = lambda _c, _u, sock: self._opened(sock)
        client.on_socket_register_write = lambda _c, _u, sock: self._in_loop(lambda: self._want_write(sock))
        client.on_socket_unregister_write = lambda _c, _u, sock: _do(self._loop.remove_writer, sock)
        client.on_socket_close = lambda _c, _u, sock: _do(self._loop.remove_reader, sock)

    async def connect(self, *, afresh: bool = False) -> None:
        """Raises OSError where the broker cannot be reached. What it answers is the client's to tell. ``afresh``: a
        persistent session begins anew."""
        endpoint = self._endpoint
        connect = partial(self._client.connect, endpoint.host, endpoint.port, endpoint.keep_alive_s)
        if endpoint.persistent:
            connect = partial(connect, clean_start=afresh, properties=connect_properties(endpoint))
        await asyncio.to_thread(connect)
        self._tick()

    def pause(self) -> None:
        """Read nothing, so that the broker has to wait; keep the connection alive."""
        sock = self._client.socket()
        if not self._paused and sock is not None:
            self._paused = True
            self._loop.remove_reader(sock)

    def resume(self) -> None:
        sock = self._client.socket()
        if self._paused and sock is not None:
            self._paused = False
            self._watch(sock)

    def disconnect(self) -> None:
        """Say DISCONNECT after all that is still to be sent, so that no will is published, and close."""
        self._client.disconnect()
        self._client.loop_write()

    def drop(self) -> None:
        """Break the connection without a DISCONNECT, as a device does that loses its network."""
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def let_go(self) -> None:
        """End at once, also what a thread is still connecting."""
        self._over = True
        self._client.let_go()

    def _tick(self) -> None:
        """Keep-alive, four times in its time."""
        if self._paused:
            self._client.resting()
        self._client.loop_misc()
        if self._client.socket() is not None:
            self._loop.call_later(max(0.05, self._endpoint.keep_alive_s / 4), self._tick)

    def _opened(self, sock: "paho.SocketLike") -> None:
        _say_at_once(sock)
        self._in_loop(lambda: self._watch(sock))

    def _in_loop(self, step: Callable[[], None]) -> None:
        """paho opens the socket in the thread of ``connect``; the loop may have closed meanwhile."""
        if threading.get_ident() == self._thread:
            step()
        else:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(step)

    def _watch(self, sock: "paho.SocketLike") -> None:
        if self._over:
            self._client.let_go()
        elif sock.fileno() >= 0:
            self._loop.add_reader(sock, self._read, sock)
            if _pending(sock):  # no selector speaks of what TLS has decrypted already
                self._loop.call_soon(self._read, sock)

    def _read(self, sock: "paho.SocketLike") -> None:
        self._read_once()
        while not self._paused and _pending(sock):
            self._read_once()

    def _read_once(self) -> None:
        try:
            self._client.loop_read()
        except Exception:  # a reader that raises would be called again for ever
            LOG.exception("what the broker sent could not be read")
            self._client.let_go()

    def _want_write(self, sock: "paho.SocketLike") -> None:
        if sock.fileno() >= 0:
            self._loop.add_writer(sock, self._client.loop_write)


def _do(remove: Callable[["paho.SocketLike"], bool], sock: "paho.SocketLike") -> None:
    remove(sock)


def _say_at_once(sock: "paho.SocketLike") -> None:
    """What is small does not wait for what went before it to be confirmed: that takes a quiet peer 40 ms (RFC 896 meets
    RFC 1122 §4.2.3.2)."""
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _pending(sock: "paho.SocketLike") -> int:
    return sock.pending() if isinstance(sock, ssl.SSLSocket) and sock.fileno() >= 0 else 0
