# The console in a container: an unprivileged user, a file system that is never written to.
#
# Never built by a container engine so far: none runs where the project is tested. Instead
# tests/test_container.py reads this file, walks the same steps in an empty folder, and serves from
# there as another user on files that cannot be written.

FROM python:3.13-slim AS packages
WORKDIR /app
COPY requirements/console.txt requirements/
RUN python -m venv .venv
RUN .venv/bin/python -m pip install --no-cache-dir --require-hashes --requirement requirements/console.txt

FROM python:3.13-slim
WORKDIR /app
COPY --from=packages /app/.venv .venv
COPY manage.py ./
COPY client_core client_core
COPY console console
COPY static static
COPY templates templates
# Nothing can be written later, so that bytecode is made now.
RUN .venv/bin/python -m compileall -q client_core console
ENV CONSOLE_HOST=0.0.0.0 PORT=8000 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 CONSOLE_LOG_FORMAT=json CONSOLE_ACCESS_LOG=1 CONSOLE_DRAIN_SECONDS=5
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD [".venv/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT [".venv/bin/python", "manage.py"]
CMD ["serve"]
