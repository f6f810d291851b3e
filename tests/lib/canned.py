#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""canned.py SOCKET: a control server without a daemon behind it.

Answers every request with the lines on standard input, whatever they are, and
writes the request to standard output. After "CLOSE" it closes the connection
without the end of the answer. Ends after one connection.
"""
import socket
import sys

answer = sys.stdin.read()
end = answer.find("CLOSE")
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(1)
server.settimeout(20)
connection = server.accept()[0]
with connection, connection.makefile("r") as requests:
    for request in requests:
        sys.stdout.write(request)
        sys.stdout.flush()
        try:
            connection.sendall((answer if end < 0 else answer[:end]).encode())
        except OSError:
            break
        if end >= 0:
            break
