"""Prints the sum of the state transitions of workflows: `python -m bench.transitions ADDRESS NAMESPACE < IDS`.

In a process of its own, because one that has used Temporal's client may crash while the interpreter shuts down.
"""

import asyncio
import json
import os
import sys

from temporalio.client import Client


async def total(address: str, namespace: str, workflow_ids: list[str]) -> int:
    client = await Client.connect(address, namespace=namespace)

    async def transitions(workflow_id: str) -> int:
        described = await client.get_workflow_handle(workflow_id).describe()
        return int(described.raw_description.workflow_execution_info.state_transition_count)

    return sum(await asyncio.gather(*map(transitions, workflow_ids)))


if __name__ == "__main__":
    print(asyncio.run(total(sys.argv[1], sys.argv[2], json.load(sys.stdin))), flush=True)
    os._exit(0)
