"""Runs a command on a terminal, and writes an asciicast (version 2) to stdout.

`record.py COLUMNS ROWS COMMAND …`. The demo prints colors on terminals only, which
Node.js cannot open without another package.
The format: https://docs.asciinema.org/manual/asciicast/v2/
"""

import codecs
import fcntl
import json
import os
import pty
import struct
import sys
import termios
import time

CHUNK = 65536


def main(columns: int, rows: int, command: list[str]) -> int:
    child, terminal = pty.fork()
    if child == 0:
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(rows)}
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    begun = time.monotonic()
    print(json.dumps({"version": 2, "width": columns, "height": rows}))
    decoder = codecs.getincrementaldecoder("utf-8")()
    while True:
        try:
            data = os.read(terminal, CHUNK)
        except OSError:  # On Linux, the end of the terminal.
            break
        if not data:
            break
        print(json.dumps([round(time.monotonic() - begun, 3), "o", decoder.decode(data)]))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
