"""The five child processes of the stack, and their environment."""

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
        return f"http://{HOST}:{self.ports.web}"

    @property
    def temporal_ui(self) -> str:
        return f"http://{HOST}:{self.ports.temporal_ui}"

    @property
    def cluster(self) -> Cluster:
        password = self.secrets["POSTGRES_PASSWORD"]
        return Cluster(self.data.postgres, self.data.logs / "postgres.log", self.ports.postgres, password)

    @property
    def dev_server(self) -> DevServer:
        ports = self.ports
        return DevServer(
            self.data.temporal / "temporal.db",
            self.data.logs / "temporal.log",
            ports.temporal,
            ports.temporal_http,
            ports.temporal_ui,
        )

    def environment(self) -> dict[str, str]:
        """Our own environment, plus the addresses of everything; other settings of the caller pass through."""
        return {
            **os.environ,
            "ORDERLIFE_DATA_DIR": str(self.data.path),
            "DATABASE_URL": self.cluster.url(),
            "TEMPORAL_ADDRESS": self.dev_server.address,
            "TEMPORAL_UI_URL": self.temporal_ui,
            "PUBLIC_URL": os.environ.get("PUBLIC_URL") or self.web,
            "SECRET_KEY": self.secrets["SECRET_KEY"],
            "TRACKING_KEYS": self.secrets["TRACKING_KEYS"],
            "EVENT_ANCHOR_KEY": self.secrets["EVENT_ANCHOR_KEY"],
            # Development only: a shop on this machine may register a local URL.
            "WEBHOOK_ALLOW_PRIVATE": os.environ.get("WEBHOOK_ALLOW_PRIVATE", "true"),
            "EMAIL_URL": os.environ.get("EMAIL_URL") or f"filemail://{self.data.mails}",
            "RETURN_ADDRESS": os.environ.get("RETURN_ADDRESS") or "Orderlife, 1 Way Back, Springfield IL 62701",
            "PYTHONUNBUFFERED": "1",
        }

    def manage(self, *arguments: str, **environment: str) -> Command:
        """A `manage.py` command in that environment."""
        return self._python(arguments[0], str(ROOT / "manage.py"), *arguments, **environment)

    def stores(self) -> tuple[Spec, Spec]:
        """The children that must be ready first."""
        postgres = Spec("postgres", self.cluster.command(), phase=0, clear=self.cluster.clear_the_way)
        return postgres, Spec("temporal", self.dev_server.command(), phase=1)

    def servers(self) -> tuple[Spec, Spec, Spec]:
        """The children that depend on them."""
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
