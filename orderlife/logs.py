"""The machine-readable log format."""

import structlog


def json_lines() -> structlog.stdlib.ProcessorFormatter:
    """One JSON object per line: `timestamp`, `level`, `logger`, `event`, and `exception` if there is one."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
