"""Analysers and monitors that speak over a TCP connection of their own: MLLP, POCT1-A, ASTM.

``listener`` has the sockets; what is said is a ``Conversation``, pure, one file a protocol."""
