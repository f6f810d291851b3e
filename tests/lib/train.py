#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Send packets one after the other, and print what arrives elsewhere.

train.py --from NODE:DEVICE --send LIST --to NODE:DEVICE [--count N] [--seconds S] --via NODE:DEVICE

LIST is a scapy expression, a list of IP packets; they go to the MAC address that
--via gives as NODE:DEVICE. pieces(packet, size) cuts an IP packet into fragments of
so many bytes of payload, in order. Each IPv4 packet that arrives prints one line:
source > destination protocol id offset+length[+] (a + at the end: more fragments),
until N have, or the time is over.
"""
import argparse
import fcntl
import os
import select
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from packet import ICMP, IP, PACKET_OUTGOING, TCP, UDP, Ether, Raw, enter, frame_socket, raw  # noqa: E402,F401

SIOCGIFHWADDR = 0x8927


def pieces(packet, size):
    whole = IP(raw(packet))
    payload = raw(whole.payload)
    cut = []
    for at in range(0, len(payload), size):
        part = whole.copy()
        part.remove_payload()
        part.frag = at // 8
        part.flags = "MF" if at + size < len(payload) else 0
        part.len = None
        part.chksum = None
        cut.append(part / Raw(payload[at:at + size]))
    return cut


def mac_of(end):
    node, device = end.split(":")
    enter(node)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    info = fcntl.ioctl(sock.fileno(), SIOCGIFHWADDR, struct.pack("256s", device.encode()))
    return ":".join(f"{byte:02x}" for byte in info[18:24])


def describe(packet):
    length = packet.len - packet.ihl * 4
    more = "+" if packet.flags.MF else ""
    return f"{packet.src} > {packet.dst} {packet.proto} {packet.id} {packet.frag * 8}+{length}{more}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--from", dest="source", required=True)
    parser.add_argument("--via", required=True)
    parser.add_argument("--send", required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3)
    args = parser.parse_args()

    via = mac_of(args.via)
    frames = [raw(Ether(src=mac_of(args.source), dst=via) / packet) for packet in eval(args.send)]
    out = frame_socket(args.to)
    sender = frame_socket(args.source)
    for frame in frames:
        sender.send(frame)
    deadline = time.monotonic() + args.seconds
    got = 0
    while not args.count or got < args.count:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([out], [], [], left)[0]:
            break
        data, address = out.recvfrom(65535)
        frame = Ether(data)
        if address[2] == PACKET_OUTGOING or IP not in frame:
            continue
        print(describe(frame[IP]), flush=True)
        got += 1
    return 0 if got >= args.count else 1


if __name__ == "__main__":
    sys.exit(main())
