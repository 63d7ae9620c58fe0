"""What the stack is made of: the five children, and the environment that they run in."""

import os
import sys
from dataclasses import dataclass

from stack.ports import HOST, Ports
from stack.postgres import Cluster
from stack.process import Command
from stack.state import ROOT, DataDirectory, Secrets
from stack.supervisor import Spec
from stack.temporal import DevServer


@dataclass(frozen=True)
class Parts:
    """The children of one stack, for its ports, data directory and secrets."""

    data: DataDirectory
    ports: Ports
    secrets: Secrets

    @property
    def web(self) -> str:
        """The address of the web server."""
        return f"http://{HOST}:{self.ports.web}"

    @property
    def temporal_ui(self) -> str:
        """The address of Temporal's web UI."""
        return f"http://{HOST}:{self.ports.temporal_ui}"

    @property
    def cluster(self) -> Cluster:
        """The database server."""
        password = self.secrets["POSTGRES_PASSWORD"]
        return Cluster(self.data.postgres, self.data.logs / "postgres.log", self.ports.postgres, password)

    @property
    def dev_server(self) -> DevServer:
        """The Temporal server."""
        ports = self.ports
        return DevServer(
            self.data.temporal / "temporal.db",
            self.data.logs / "temporal.log",
            ports.temporal,
            ports.temporal_http,
            ports.temporal_ui,
        )

    def environment(self) -> dict[str, str]:
        """Our own environment, with where everything is; the caller's other settings pass through."""
        return {
            **os.environ,
            "ORDERLIFE_DATA_DIR": str(self.data.path),
            "DATABASE_URL": self.cluster.url(),
            "TEMPORAL_ADDRESS": self.dev_server.address,
            "TEMPORAL_UI_URL": self.temporal_ui,
            "PUBLIC_URL": os.environ.get("PUBLIC_URL") or self.web,
            "SECRET_KEY": self.secrets["SECRET_KEY"],
            "TRACKING_KEYS": self.secrets["TRACKING_KEYS"],
            # One's own machine, where a shop under development listens on it too.
            "WEBHOOK_ALLOW_PRIVATE": os.environ.get("WEBHOOK_ALLOW_PRIVATE", "true"),
            "EMAIL_URL": os.environ.get("EMAIL_URL") or f"filemail://{self.data.mails}",
            "RETURN_ADDRESS": os.environ.get("RETURN_ADDRESS") or "Orderlife, 1 Way Back, Springfield IL 62701",
            "PYTHONUNBUFFERED": "1",
        }

    def manage(self, *arguments: str, **environment: str) -> Command:
        """A `manage.py` command in that environment."""
        return self._python(arguments[0], str(ROOT / "manage.py"), *arguments, **environment)

    def stores(self) -> tuple[Spec, Spec]:
        """What the others need to be there first."""
        postgres = Spec("postgres", self.cluster.command(), phase=0, clear=self.cluster.clear_the_way)
        return postgres, Spec("temporal", self.dev_server.command(), phase=1)

    def servers(self) -> tuple[Spec, Spec, Spec]:
        """What does the work."""
        web = self._python("web", "-m", "orderlife.server", "--host", HOST, "--port", str(self.ports.web))
        return (
            Spec("web", web, phase=2),
            Spec("order_worker", self.manage("run_order_worker"), phase=2),
            Spec("shipping_worker", self.manage("run_shipping_worker"), phase=2),
        )

    def _python(self, log: str, *arguments: str, **environment: str) -> Command:
        return Command(
            [sys.executable, *arguments],
            log=self.data.logs / f"{log.removeprefix('run_')}.log",
            environment={**self.environment(), **environment},
            directory=ROOT,
        )
