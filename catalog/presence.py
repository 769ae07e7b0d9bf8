"""Whether a client still waits for its answer: WSGI does not tell, the kernel's table of connections does.

A process answers on connections that are its own. Those from the address that asks, as they were soon after the question
began, hold the one that it came by: once none of them is left, nobody can read the answer. A client that has others open,
as a proxy has, is taken to wait. Nothing is looked at before a question has taken some time (``catalog/records/engine.py``).
"""

import ipaddress
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path

TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))  # of Linux; elsewhere everybody is taken to wait
FILES = Path("/proc/self/fd")
ESTABLISHED = "01"
TWICE = 2  # looks in a row: a table that changes while it is read may lack a line
LOCAL, REMOTE, STATE, INODE = 1, 2, 3, 9  # fields of a line (proc_net_tcp of the kernel's documentation)

CALLER: ContextVar[str] = ContextVar("CALLER", default="")  # the address that the request being answered came from


def caller_waits() -> Callable[[], bool] | None:
    """Return what tells whether the caller of the request being answered still waits; None where no request is answered."""
    address = CALLER.get()
    return Presence(address).is_there if address else None


class Presence:
    """The connections by which a client may have asked: those that there were when it was looked at first."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._first: frozenset[str] | None = None
        self._missed = 0

    def is_there(self) -> bool:
        """Tell whether one of the connections is still open; True while that cannot be known."""
        try:
            now = frozenset(connections_from(self._address))
        except (ValueError, OSError):  # no address, no such table, or no file left to read it with
            return True
        if self._first is None:
            self._first = now
        self._missed = 0 if not self._first or self._first & now else self._missed + 1
        return self._missed < TWICE


def connections_from(address: str) -> Iterator[str]:
    """Yield the connections of this process that an address has open, each as the kernel writes its two ends.

    ValueError for what is no address, OSError where it cannot be looked up.
    """
    wanted = written(ipaddress.ip_address(address))
    own = own_sockets()
    lines = [line.split() for table in TABLES if table.exists() for line in table.read_text("ascii").splitlines()[1:]]
    for line in lines:
        if line[STATE] == ESTABLISHED and line[INODE] in own and line[REMOTE].partition(":")[0] in wanted:
            yield f"{line[LOCAL]} {line[REMOTE]}"


def own_sockets() -> set[str]:
    """Return the numbers of this process's sockets."""
    found = set()
    for file in FILES.iterdir():
        try:
            target = str(file.readlink())
        except FileNotFoundError:  # closed meanwhile
            continue
        if target.startswith("socket:["):
            found.add(target.removeprefix("socket:[").removesuffix("]"))
    return found


def written(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> set[str]:
    """Return how the kernel's tables write an address: words of four bytes, the last byte first; IPv4 within IPv6, too."""
    forms = {address.packed}
    if isinstance(address, ipaddress.IPv4Address):
        forms.add(b"\0" * 10 + b"\xff\xff" + address.packed)
    elif address.ipv4_mapped:
        forms.add(address.ipv4_mapped.packed)
    return {b"".join(form[at : at + 4][::-1] for at in range(0, len(form), 4)).hex().upper() for form in forms}
