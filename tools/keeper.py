"""Run a command and end it when whoever started this goes: `python keeper.py COMMAND…`, its standard input a pipe.

The first line of output is the command's process id. However the starter ends, `kill -9` included, the system closes
the pipe. The output that follows is the command's own.
"""

import subprocess
import sys
import threading


def main() -> int:
    """Return what the command returned; negative codes (signals) as a shell tells them."""
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=sys.stderr)  # noqa: S603  our starter's
    sys.stdout.write(f"{process.pid}\n")
    sys.stdout.flush()

    def until_closed() -> None:
        sys.stdin.read()
        process.kill()

    threading.Thread(target=until_closed, daemon=True).start()
    code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
