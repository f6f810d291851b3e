#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Send packets as fast as one core can, each of a source and an id of its own.

flood.py --from NODE:DEVICE --via NODE:DEVICE --send PACKET --seconds S

PACKET is a scapy expression of an IP packet; its source address is replaced by
addresses in 45.0.0.0/8 (its transport checksum becomes wrong, the header's is
right). Prints how many were sent.
"""
import argparse
import socket
import struct
import sys
import time

from packet import ICMP, IP, TCP, UDP, Ether, Raw, frame_socket, raw  # noqa: F401
from train import mac_of

SOURCES = 8192


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def disguise(frame, number):
    """The frame with the number in its source address and its id."""
    header = bytearray(frame[14:34])
    header[4:6] = struct.pack("!H", number)
    header[10:12] = b"\0\0"
    header[12:16] = struct.pack("!I", 45 << 24 | number * 251)
    header[10:12] = struct.pack("!H", checksum(bytes(header)))
    return frame[:14] + bytes(header) + frame[34:]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--from", dest="source", required=True)
    parser.add_argument("--via", required=True)
    parser.add_argument("--send", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    args = parser.parse_args()

    frame = raw(Ether(src=mac_of(args.source), dst=mac_of(args.via)) / eval(args.send))
    frames = [disguise(frame, i) for i in range(SOURCES)]
    sender = frame_socket(args.source)
    deadline = time.monotonic() + args.seconds
    sent = lost = 0
    while time.monotonic() < deadline:
        for one in frames:
            try:
                sender.send(one, socket.MSG_DONTWAIT)
                sent += 1
            except OSError:
                lost += 1
    print(sent)
    return 0 if sent else 1


if __name__ == "__main__":
    sys.exit(main())
