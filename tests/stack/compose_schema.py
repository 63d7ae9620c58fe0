"""The part of the Compose specification's schema that `docker-compose.yml` makes use of, closed to anything else."""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NAMES: Schema = {"type": "array", "items": TEXT, "uniqueItems": True}
SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}
DURATION: Schema = {"type": "string", "pattern": r"^(\d+(h|m|s|ms|us))+$"}
COMMAND: Schema = {"oneOf": [TEXT, {"type": "array", "items": TEXT}]}


def closed(properties: Schema, **more: Any) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False, **more}


HEALTHCHECK = closed(
    {
        "test": {"oneOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]},
        "interval": DURATION,
        "timeout": DURATION,
        "start_period": DURATION,
        "start_interval": DURATION,
        "retries": {"type": "integer", "minimum": 0},
        "disable": {"type": "boolean"},
    }
)
DEPENDS_ON: Schema = {
    "type": "object",
    "additionalProperties": closed(
        {
            "condition": {"enum": ["service_started", "service_healthy", "service_completed_successfully"]},
            "restart": {"type": "boolean"},
            "required": {"type": "boolean"},
        },
        required=["condition"],
    ),
}
NETWORK = closed({"ipam": closed({"config": {"type": "array", "items": closed({"subnet": TEXT})}})})
SERVICE = closed(
    {
        "build": {"oneOf": [TEXT, closed({"context": TEXT, "dockerfile": TEXT, "target": TEXT})]},
        "command": COMMAND,
        "configs": {"type": "array", "items": closed({"source": TEXT, "target": TEXT}, required=["source"])},
        "depends_on": DEPENDS_ON,
        "entrypoint": COMMAND,
        "env_file": {"type": "array", "items": closed({"path": TEXT, "required": {"type": "boolean"}})},
        "environment": {"type": "object", "additionalProperties": SCALAR},
        "healthcheck": HEALTHCHECK,
        "image": TEXT,
        "init": {"type": "boolean"},
        "networks": {
            "oneOf": [NAMES, {"type": "object", "additionalProperties": closed({"ipv4_address": TEXT})}],
        },
        "ports": NAMES,
        "restart": {"type": "string", "pattern": r"^(no|always|unless-stopped|on-failure(:\d+)?)$"},
        "stop_grace_period": DURATION,
        "volumes": NAMES,
    },
    anyOf=[{"required": ["image"]}, {"required": ["build"]}],
)
COMPOSE: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **closed(
        {
            "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
            "services": {
                "type": "object",
                "patternProperties": {r"^[a-zA-Z0-9._-]+$": SERVICE},
                "additionalProperties": False,
            },
            "volumes": {"type": "object", "additionalProperties": {"type": ["object", "null"]}},
            "networks": {"type": "object", "additionalProperties": NETWORK},
            "configs": {"type": "object", "additionalProperties": closed({"content": TEXT, "file": TEXT})},
        },
        patternProperties={"^x-": {}},
        required=["services"],
    ),
}
