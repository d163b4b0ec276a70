#!/usr/bin/env python3
"""A reader of a named pipe that says it knows flow streams, and keeps what it reads as it came.

    claim.py PIPE FILE    PIPE.ready appears once it may be written to
"""
import fcntl
import os
import sys
import time

pipe, to = sys.argv[1:]
fd = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
fcntl.lockf(fd, fcntl.LOCK_SH)  # closing any descriptor of the pipe would end it
fcntl.fcntl(fd, fcntl.F_SETFL, 0)
with open(pipe + ".ready", "w", encoding="ascii"):
    pass
with open(to, "wb") as out:
    while not (data := os.read(fd, 1 << 20)):  # nobody writes yet
        time.sleep(0.002)
    while data:
        out.write(data)
        data = os.read(fd, 1 << 20)
