#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Thousands of UDP flows at once, and who they are for the other end.

flows.py serve ADDRESS PORT          answer each datagram with the sender's address and port as seen here
flows.py run ADDRESS PORT FIRST N [SOURCE]
                                     one datagram from each of N ports, FIRST on; prints "PORT ADDRESS:PORT"
                                     for each answer: own port, and external end as the server saw it
"""
import resource
import select
import socket
import sys
import time

SO_RCVBUFFORCE = 33 # asm-generic/socket.h; Python has no name for it
BURST = 64          # fits into the queues of a veth link
ATTEMPTS = 3        # the first packets may find a neighbour unresolved


def serve(address, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
    sock.bind((address, port))
    while True:
        data, peer = sock.recvfrom(64)
        sock.sendto(data + b" %s:%d" % (peer[0].encode(), peer[1]), peer)


def run(address, port, first, n, source=""):
    resource.setrlimit(resource.RLIMIT_NOFILE, (n + 100, n + 100))
    poll = select.epoll()
    waiting = {}
    for own in range(first, first + n):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((source, own))
        poll.register(sock, select.EPOLLIN)
        waiting[sock.fileno()] = (own, sock)
    for _ in range(ATTEMPTS):
        todo = list(waiting.values())
        for i in range(0, len(todo), BURST):
            for own, sock in todo[i:i + BURST]:
                sock.sendto(b"%d" % own, (address, port))
            collect(poll, waiting, 0.002)
        deadline = time.monotonic() + 2
        while waiting and time.monotonic() < deadline:
            collect(poll, waiting, 0.1)
    return 1 if waiting else 0


def collect(poll, waiting, seconds):
    for fd, _ in poll.poll(seconds):
        own, sock = waiting.get(fd, (None, None))
        if not sock:
            continue
        said, seen = sock.recv(128).decode().split()
        if int(said) != own:
            sys.exit(f"port {own} got the answer for port {said}")
        print(own, seen)
        poll.unregister(fd)
        del waiting[fd]
        sock.close()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    sys.exit(run(sys.argv[2], *map(int, sys.argv[3:6]), *sys.argv[6:7]))
