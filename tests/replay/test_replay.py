"""Today's workflows follow the recorded histories: one that was changed incompatibly would strand orders under way.

After a change that is meant to be incompatible: `python -m tests.replay.record`.
"""

import json
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from orders.lifecycle_doc import edges
from tests.replay.paths import EARLIER, PATHS
from tests.replay.record import HISTORIES
from workflows.client import DATA_CONVERTER
from workflows.order import OrderWorkflow
from workflows.refund import RefundWorkflow
from workflows.returns import ReturnWorkflow
from workflows.shipping import ShippingWorkflow


def recorded(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((HISTORIES / f"{name}.json").read_text())
    return content


def replayer() -> Replayer:
    workflows = [OrderWorkflow, ShippingWorkflow, RefundWorkflow, ReturnWorkflow]
    return Replayer(workflows=workflows, data_converter=DATA_CONVERTER)


@pytest.mark.parametrize("name", [*PATHS, *EARLIER])
async def test_todays_workflows_follow_the_history(name: str) -> None:
    for run in recorded(name)["workflows"]:
        await replayer().replay_workflow(WorkflowHistory.from_json(run["id"], run["history"]))


def test_the_histories_cover_every_transition() -> None:
    taken = {tuple(step) for name in PATHS for step in recorded(name)["transitions"]}
    assert taken == {(str(status), str(event), str(to)) for status, event, to in edges()}


def test_there_is_a_history_for_every_path_and_no_other() -> None:
    assert {file.stem for file in HISTORIES.iterdir()} == {*PATHS, *EARLIER}


async def test_a_workflow_that_does_something_else_is_noticed() -> None:
    run = recorded("delivered")["workflows"][0]
    changed = json.loads(json.dumps(run["history"]).replace("charge_payment", "charge_twice"))
    with pytest.raises(NondeterminismError):
        await replayer().replay_workflow(WorkflowHistory.from_json(run["id"], changed))
