"""Run the comparisons: `python -m benchmarks` for all, `python -m benchmarks NAME [options]` for one."""

from __future__ import annotations

import subprocess
import sys

# In order of length; each is a module of its own that prints text and, with --json FILE, figures.
NAMES = (
    *("knowledge", "masking", "contain", "door", "triage", "model", "handbook", "desk", "engine"),
    *("vault", "features", "offline", "shadow", "log", "reading", "portal", "http_overhead", "http"),
)


def main(arguments: list[str]) -> int:
    """Each comparison in a fresh process: one's heap must not weigh on the next one's figures."""
    chosen, options = (arguments[:1], arguments[1:]) if arguments else (list(NAMES), [])
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        print(f"no comparison {unknown[0]}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    codes = [
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], check=False).returncode
        for name in chosen
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
