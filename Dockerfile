# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml uv.lock README.md LICENSE openapi.yaml ./
COPY fixtures fixtures
COPY mockserver mockserver
RUN uv export --quiet --locked --no-default-groups --no-emit-project --output-file requirements.txt \
 && pip wheel --no-cache-dir --wheel-dir /wheels --requirement requirements.txt \
 && pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels /wheels/*.whl
# Listens to everyone, so the admin API is closed until MOCKSERVER_ADMIN_TOKEN or
# MOCKSERVER_OPEN_ADMIN=1 is set. Nothing is written: a read-only root will do.
# A thread lays by one freed block of a size, not seven, which would fill up for hours; glibc can
# be configured in this way only.
ENV GLIBC_TUNABLES=glibc.malloc.tcache_count=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MOCKSERVER_HOST=0.0.0.0 \
    MOCKSERVER_PORT=8080
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --start-interval=1s --retries=3 \
    CMD ["mockserver", "health"]
ENTRYPOINT ["mockserver"]
