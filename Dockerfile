# The product: web server, workers and management commands, which differ only in the command that is run.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements.txt ./
RUN pip install --require-hashes --requirement requirements.txt

COPY manage.py ./
COPY orderlife orderlife
COPY orders orders
COPY workflows workflows
COPY templates templates
COPY static static
COPY locale locale
RUN python -m compileall -q manage.py orderlife orders workflows \
    && useradd --system --no-create-home orderlife \
    && install --directory --owner=orderlife --mode=0700 .data

USER orderlife
EXPOSE 8000
CMD ["python", "-m", "orderlife.server", "--host", "0.0.0.0", "--port", "8000"]
