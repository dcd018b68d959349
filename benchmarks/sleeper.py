"""A sleeping agent, for `python -I -S`: sleeps, writes one file, and leaves what it knows of itself.

    sleeper.py SECONDS FILE RECORD

FILE is its deliverable. RECORD gets one JSON object: `start` and `end` on the machine's monotonic clock, and `cpu`,
the processor seconds of this process from its making on.
"""

import json
import resource
import sys
import time

start = time.clock_gettime(time.CLOCK_MONOTONIC)
time.sleep(float(sys.argv[1]))
with open(sys.argv[2], "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes as long to import as all the rest
    file.write("done\n")
with open(sys.argv[3], "w", encoding="utf-8") as file:  # noqa: PTH123
    end = time.clock_gettime(time.CLOCK_MONOTONIC)
    used = resource.getrusage(resource.RUSAGE_SELF)
    json.dump({"start": start, "end": end, "cpu": used.ru_utime + used.ru_stime}, file)
