"""The step between our process and a server program: drop root, ask to die with the parent, exec.

Runs as a script of its own (standard library only), because code between fork and exec of a process that
has threads may deadlock. Arguments: the parent's pid, user id, group id, the signal for the death of the
parent, the program and its arguments.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
EXIT_ORPHANED = 75


def main(arguments: list[str]) -> None:
    """Become the program; never returns."""
    parent, uid, gid, signal_number = (int(word) for word in arguments[:4])
    program = arguments[4:]
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if os.geteuid() != uid:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # Changing the user clears the wish, so it comes after; exec of an ordinary program keeps it.
    if libc is not None and libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # The parent may have died before the wish was made; then nobody would ever stop the program.
    if os.getppid() != parent:
        sys.exit(EXIT_ORPHANED)
    os.umask(0o077)
    os.chdir("/")
    os.execv(program[0], program)  # noqa: S606 - this is the whole purpose


if __name__ == "__main__":
    main(sys.argv[1:])
