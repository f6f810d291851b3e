#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One end of a TCP connection that both ends open with connect().

peer.py OWN_ADDRESS OWN_PORT ADDRESS PORT NAME

Prints "established" as soon as connect() has succeeded, then says its name and
prints what the other end says; on each SIGUSR1 it says its name again. Ends
when the other end does, or when no line has come for half a minute.
"""
import signal
import socket
import sys

sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.settimeout(30)
sock.bind((sys.argv[1], int(sys.argv[2])))
signal.signal(signal.SIGUSR1, lambda number, frame: sock.sendall(sys.argv[5].encode() + b"\n"))
sock.connect((sys.argv[3], int(sys.argv[4])))
print("established", flush=True)
signal.raise_signal(signal.SIGUSR1)
for line in sock.makefile():
    print("heard", line.strip(), flush=True)
