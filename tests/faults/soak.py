"""The soak: a whole machine, orders, commands and faults at random from one seed, then the checker.

    python -m tests.faults.soak --orders 1000 --faults 50 --seed 1

Who wants what, and what strikes when, is planned from the seed before anything starts. It exits with 1 if anything that
must hold does not, and then keeps the machine's files.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path

import django

from tests.faults.gateways import GATEWAYS, SimulatedGateway
from tests.faults.machine import Machine
from tests.faults.mailing import SoakMailServer
from tests.mail_server import mail_server

# Short, so that many orders pass; RECONCILE_INTERVAL too, so that what was terminated goes on soon.
SETTINGS = {
    "MANUAL_REVIEW_TIMEOUT": "1",
    "PAYMENT_PROCESSING_DELAY": "0.5",
    "SHIPPING_DELAY": "1",
    "GATEWAY_TIMEOUT": "1",
    "PAYMENT_RETRY_WINDOW": "60",
    "RECONCILE_INTERVAL": "5",
    "WEBHOOK_ALLOW_PRIVATE": "true",
}


def main() -> int:
    """One soak; its exit code."""
    wanted = _arguments()
    for number in (signal.SIGTERM, signal.SIGINT):  # also in the background, where shells let SIGINT be ignored
        signal.signal(number, signal.default_int_handler)
    directory = Path(tempfile.mkdtemp(prefix="orderlife-soak-"))
    mails = SoakMailServer()
    machine = Machine(
        directory, {**SETTINGS, "EMAIL_URL": mails.url, "PAYMENT_CAPTURE": wanted.capture}, wanted.gateway
    )
    os.environ.update(machine.environment)
    print(
        f"Soak: {wanted.orders} orders, {wanted.faults} faults, seed {wanted.seed}, {wanted.gateway}, {wanted.capture}."
        " Starting the machine."
    )
    found = ["The soak did not come to its end."]
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(bound_seconds(wanted.orders, wanted.faults))
    try:
        machine.start()
        django.setup()
        from tests.faults.soaking import Soak  # it needs Django

        with mail_server(mails):
            found = Soak(machine, mails, orders=wanted.orders, faults=wanted.faults, seed=wanted.seed).run()
    except Exception:  # noqa: BLE001 - whatever it is, the machine is stopped and the soak has failed
        traceback.print_exc()
    finally:
        signal.alarm(0)
        machine.stop()
    print("\n".join([f"{len(found)} violations", *found]))
    if found:
        print(f"Logs and ledgers are kept in {directory}.")
    else:
        shutil.rmtree(directory)
    return 1 if found else 0


def bound_seconds(orders: int, faults: int) -> int:
    """After how many seconds a soak that hangs is ended: three times what one on two cores takes, and a start."""
    return int(300 + 4 * max(orders / 5, faults * 7))


def _out_of_time(_number: int, _frame: object) -> None:
    raise TimeoutError("The soak has hung; the traceback says where.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--faults", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--capture", choices=["immediate", "on_shipment"], default="immediate")
    parser.add_argument("--gateway", choices=list(GATEWAYS), default=SimulatedGateway.name)
    return parser.parse_args()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not through the interpreter's shutdown: it crashes now and then after a call on a Temporal client.
    os._exit(code)
