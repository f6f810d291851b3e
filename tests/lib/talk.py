#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One TCP connection and one UDP flow that never end, and what the other end sees of them.

talk.py serve ADDRESS PORT       answer each line and datagram with it and the sender's address and port as seen here
talk.py run ADDRESS PORT         say a number by both every 50 ms; print "PROTO NUMBER ADDRESS:PORT" for each answer.
                                 An end of the TCP connection, or an answer out of order there, is the end of it.
"""
import select
import socket
import sys
import time


def serve(address, port):
    tcp = socket.create_server((address, port))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((address, port))
    print("ready", flush=True)
    conns = {}
    while True:
        for ready in select.select([tcp, udp, *conns], [], [])[0]:
            if ready is tcp:
                conn, peer = tcp.accept()
                conns[conn] = (b" %s:%d\n" % (peer[0].encode(), peer[1]), conn.makefile("rb"))
            elif ready is udp:
                data, peer = udp.recvfrom(64)
                udp.sendto(data + b" %s:%d" % (peer[0].encode(), peer[1]), peer)
            else:
                seen, lines = conns[ready]
                line = lines.readline()
                if line:
                    ready.sendall(line.strip() + seen)
                else:
                    del conns[ready]


def run(address, port):
    tcp = socket.create_connection((address, port))
    lines = tcp.makefile("r")
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.connect((address, port))
    said = heard = 0
    while True:
        said += 1
        tcp.sendall(b"%d\n" % said)
        udp.send(b"%d" % said)
        deadline = time.monotonic() + 0.05
        while (left := deadline - time.monotonic()) > 0:
            for ready in select.select([tcp, udp], [], [], left)[0]:
                if ready is udp:
                    print("udp", udp.recv(64).decode(), flush=True)
                    continue
                line = lines.readline().strip()
                heard += 1
                if int(line.split()[0]) != heard:
                    sys.exit(f"{line!r} instead of {heard}")
                print("tcp", line, flush=True)


if __name__ == "__main__":
    (serve if sys.argv[1] == "serve" else run)(sys.argv[2], int(sys.argv[3]))
