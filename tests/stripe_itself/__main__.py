"""`make test-stripe`: the conformance tests of our client of Stripe at Stripe itself, with a test account's key."""

import os
import subprocess
import sys

import tests.plugin  # noqa: F401 - the settings of tests
from tests.stripe_itself.account import KeyRefused, account_in

CONTRACT = "tests/stripe_itself/contract.py"
# In one process, since Stripe limits the calls of a test account; and these tests need no database.
OPTIONS = ["-n", "0", "-p", "no:tests.plugin"]


def main() -> None:
    try:
        account_in(os.environ)
    except KeyRefused as refused:
        sys.exit(str(refused))
    tests = [sys.executable, "-m", "pytest", CONTRACT, *OPTIONS, *sys.argv[1:]]
    sys.exit(subprocess.run(tests, check=False).returncode)


if __name__ == "__main__":
    main()
