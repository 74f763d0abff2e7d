"""The daily steps of Google's Python clients: python3 steps.py REST_ENDPOINT GRPC_PORT PROJECT

Prints one JSON line for each step: its name, whether it went well, and why not.
"""

import json
import signal
import sys

import jobs  # noqa: F401
import loads  # noqa: F401
import queries  # noqa: F401
import resources  # noqa: F401
import storage_read  # noqa: F401
import storage_write  # noqa: F401
from bed import Bed
from step import steps

SECONDS_PER_STEP = 60


class TooLong(BaseException):
    """Not an Exception, which the clients' retries might catch."""


def stop(*_):
    raise TooLong(f"no end in {SECONDS_PER_STEP} s")


def run(bed, each):
    signal.alarm(SECONDS_PER_STEP)
    try:
        each.run(bed)
        return {"name": each.name, "ok": True, "reason": ""}
    except (Exception, TooLong) as error:
        reason = f"{type(error).__name__}: {error}".strip()[:500]
        return {"name": each.name, "ok": False, "reason": f"{reason} ({each.link})"}
    finally:
        signal.alarm(0)


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: python3 steps.py REST_ENDPOINT GRPC_PORT PROJECT")
    signal.signal(signal.SIGALRM, stop)
    bed = Bed(*sys.argv[1:])
    # The client would try for ten minutes to reach a server that is not there.
    signal.alarm(SECONDS_PER_STEP)
    bed.open()
    signal.alarm(0)
    try:
        for each in steps:
            print(json.dumps(run(bed, each)), flush=True)
    finally:
        bed.close()


main()
