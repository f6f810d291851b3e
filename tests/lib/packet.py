#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Send one crafted packet into a topology and judge what comes out of it.

packet.py --from NODE:DEVICE --send PACKET --to NODE:DEVICE --expect PACKET

Packets are scapy expressions. One that begins with Ether is sent as the whole
frame; one that begins with IP goes through the node's own routing and ARP. In
the expectation `got` is the packet that arrived and `sent` the one that was
sent, so a field that cannot be known is written sport=got.sport; every other
byte is compared, checksums too. `--expect nothing` is met when no IPv4 packet
that is not the topology's own chatter arrives. What arrived is printed, one
"field value" a line.
"""
import argparse
import ctypes
import difflib
import os
import select
import socket
import sys
import time

from scapy.compat import raw
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPerror, TCPerror, UDPerror, ICMPerror  # noqa: F401
from scapy.layers.inet import IPOption  # noqa: F401
from scapy.layers.l2 import ARP, Dot1Q, Ether  # noqa: F401
from scapy.packet import Padding, Raw  # noqa: F401

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
PACKET_OUTGOING = 4
libc = ctypes.CDLL(None, use_errno=True)


def enter(node):
    """Sockets made from here on belong to this node."""
    with open(f"/run/netns/{os.environ['TOPO_TAG']}-{node}") as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def frame_socket(end):
    node, device = end.split(":")
    enter(node)
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.bind((device, ETH_P_ALL))
    return sock


def send(end, packet):
    node = end.split(":")[0]
    if isinstance(packet, Ether):
        frame_socket(end).send(raw(packet))
        return
    enter(node)
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sock.sendto(raw(packet), (packet.dst, 0))


def receive(sock, wanted, seconds):
    """First IPv4 packet that arrives and is wanted, without Ethernet padding."""
    deadline = time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([sock], [], [], left)[0]:
            return None
        data, address = sock.recvfrom(65535)
        if address[2] == PACKET_OUTGOING:
            continue
        frame = Ether(data)
        if IP not in frame or frame.payload.name not in ("IP", "802.1Q"):
            continue
        packet = IP(raw(frame[IP])[:frame[IP].len])
        if wanted(packet):
            return packet


def lines(packet):
    return packet.show(dump=True).splitlines()


def fields(packet):
    layer = packet
    while layer and not isinstance(layer, Raw):
        for name in layer.fields:
            yield f"{layer.name.replace(' ', '_')}.{name} {layer.getfieldval(name)}"
        layer = layer.payload


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--from", dest="source", required=True)
    parser.add_argument("--send", required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--expect", required=True)
    parser.add_argument("--seconds", type=float, default=3)
    args = parser.parse_args()

    sent = eval(f"({args.send})")
    sent = type(sent)(raw(sent))
    out = frame_socket(args.to)
    send(args.source, sent)
    if args.expect == "nothing":
        got = receive(out, lambda p: True, 0.5)
        if got:
            print("something arrived:", *lines(got), sep="\n", file=sys.stderr)
            return 1
        return 0
    code = compile(f"({args.expect})", "expect", "eval")
    scope = dict(globals(), sent=sent)

    def wanted(packet):
        # The same addresses and protocol; everything else is compared below.
        try:
            model = eval(code, scope, {"got": packet})
        except (AttributeError, IndexError, TypeError):
            return False
        return (model.src, model.dst, IP(raw(model)).proto) == (packet.src, packet.dst, packet.proto)

    got = receive(out, wanted, args.seconds)
    if got is None:
        print("nothing like it arrived", file=sys.stderr)
        return 1
    model = IP(raw(eval(code, scope, {"got": got})))
    if raw(model) != raw(got):
        print(*difflib.unified_diff(lines(model), lines(got), "expected", "got", lineterm=""),
              sep="\n", file=sys.stderr)
        return 1
    print(*fields(got), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
