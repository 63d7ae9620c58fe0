"""Starts workflows that nobody runs, eight at a time: `python -m bench.starts ADDRESS NAMESPACE`.

Told a number of seconds on stdin, it answers with the response times and the seconds that all took.
"""

import asyncio
import json
import os
import sys
import time
from itertools import count

from temporalio.client import Client

CLIENTS = 8


async def main(address: str, namespace: str) -> None:
    client = await Client.connect(address, namespace=namespace)
    numbers = count()
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await starts(client, float(line), numbers)), flush=True)


async def starts(client: Client, seconds: float, numbers: "count[int]") -> tuple[list[float], float]:
    taken: list[float] = []
    began = time.perf_counter()

    async def one_after_another() -> None:
        while (sent := time.perf_counter()) < began + seconds:
            name = f"bench-{os.getpid()}-{next(numbers)}"
            await client.start_workflow("Nothing", name, id=name, task_queue="nobody")
            taken.append(time.perf_counter() - sent)

    await asyncio.gather(*(one_after_another() for _ in range(CLIENTS)))
    return taken, time.perf_counter() - began


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
    os._exit(0)  # a Temporal client may crash while the interpreter shuts down
