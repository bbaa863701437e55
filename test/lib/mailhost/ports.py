# SPDX-License-Identifier: MIT
"""Free ports on loopback.

Hosts are started side by side, so a port that was free a moment ago is no promise. The
ports come in blocks, and a block belongs to who has bound the socket of its name in the abstract
namespace, which is shared by exactly those who share the ports. The sink inherits that socket, so
the block is taken for as long as the host lives and no longer.
"""
import socket

from .layout import HOST, Failure

NAMES = ("SMTP", "SUBMISSION", "SUBMISSIONS", "RELAY", "IMAP", "IMAPS", "POP3", "POP3S",
         "SIEVE", "DOVECOT_SUBMISSION", "SINK", "HTTPS")
BLOCK = 16
# Below the ports that the kernel gives to outgoing connections.
FIRST, LAST = 20000, 32000


def reserve():
    """Returns the ports by name, and the socket that holds them."""
    for first in range(FIRST, LAST, BLOCK):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind("\0" + claim_name(first))
        except OSError:
            claim.close()
            continue
        ports = {name: first + i for i, name in enumerate(NAMES)}
        if all(_is_free(port) for port in ports.values()):
            return ports, claim
        claim.close()
    raise Failure(f"no {BLOCK} free ports in a row between {FIRST} and {LAST}")


def claim_name(first):
    """In the abstract namespace; first is the block's first port, that of NAMES[0]."""
    return f"postern-mailhost-{first}"


def _is_free(port):
    with socket.socket() as s:
        # As the servers do, or a port with connections in TIME_WAIT would count as taken.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((HOST, port))
        except OSError:
            return False
    return True
