# A target for each service, with the packages of that service alone: `docker build --target observer -t leadflow-observer .`
# Without --target: everything in one image, where the command says what it is (`docker run leadflow processor`).
# The base is pinned by its exact tag; BASE takes it with a digest, too: docs/kubernetes.md, "Image".
ARG BASE=python:3.11.14-slim-bookworm

# --- Leadflow itself, built once -------------------------------------------------------------------------------------
FROM ${BASE} AS wheel
ENV PIP_CACHE_DIR=/cache PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_ONLY_BINARY=:all:
WORKDIR /build
RUN python -m venv tools
COPY requirements/build.lock ./
RUN --mount=type=cache,target=/cache tools/bin/python -m pip install --require-hashes -r build.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY services services
RUN tools/bin/python -m pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /wheel .

# --- what each target runs with: the base's pip installs into an environment without one ------------------------------
FROM ${BASE} AS packages
ENV PIP_CACHE_DIR=/cache PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_ONLY_BINARY=:all: \
    PIP_PYTHON=/opt/leadflow/bin/python
RUN python -m venv --without-pip /opt/leadflow
COPY --from=wheel /wheel /wheel

FROM packages AS observer-packages
COPY requirements/observer.lock /opt/leadflow/requirements.lock
RUN --mount=type=cache,target=/cache pip install --require-hashes -r /opt/leadflow/requirements.lock && pip install --no-index --no-deps /wheel/*.whl

FROM packages AS processor-packages
COPY requirements/processor.lock /opt/leadflow/requirements.lock
RUN --mount=type=cache,target=/cache pip install --require-hashes -r /opt/leadflow/requirements.lock && pip install --no-index --no-deps /wheel/*.whl

FROM packages AS scoring-packages
COPY requirements/scoring.lock /opt/leadflow/requirements.lock
RUN --mount=type=cache,target=/cache pip install --require-hashes -r /opt/leadflow/requirements.lock && pip install --no-index --no-deps /wheel/*.whl

FROM packages AS admin-api-packages
COPY requirements/admin-api.lock /opt/leadflow/requirements.lock
RUN --mount=type=cache,target=/cache pip install --require-hashes -r /opt/leadflow/requirements.lock && pip install --no-index --no-deps /wheel/*.whl

FROM packages AS embedded-packages
COPY requirements/embedded.lock /opt/leadflow/requirements.lock
RUN --mount=type=cache,target=/cache pip install --require-hashes -r /opt/leadflow/requirements.lock && pip install --no-index --no-deps /wheel/*.whl

FROM packages AS all-packages
COPY requirements/all.lock /opt/leadflow/requirements.lock
RUN --mount=type=cache,target=/cache pip install --require-hashes -r /opt/leadflow/requirements.lock && pip install --no-index --no-deps /wheel/*.whl

# --- what all targets are: nothing to install with, nobody's root -----------------------------------------------------
FROM ${BASE} AS runtime
# /data is for SQLite and generated keys; over Kafka and ArangoDB nothing is kept there.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/site-packages/* /usr/local/lib/python3*/ensurepip /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin leadflow \
    && install -d -o leadflow -g leadflow -m 700 /data
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=unknown
ARG BASE
LABEL org.opencontainers.image.title="leadflow" \
      org.opencontainers.image.description="Turns what people do on web sites and apps into sales-ready leads while it happens." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="docker.io/library/${BASE}"
ENV PATH=/opt/leadflow/bin:/usr/local/bin:/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    LEADFLOW_DATA=/data LEADFLOW_HOST=0.0.0.0 LEADFLOW_PORT=8080
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os; from urllib.request import urlopen as get; get('http://127.0.0.1:' + os.environ['LEADFLOW_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["leadflow"]

# --- the targets ------------------------------------------------------------------------------------------------------
FROM runtime AS observer
LABEL org.opencontainers.image.title="leadflow-observer"
COPY --from=observer-packages /opt/leadflow /opt/leadflow
CMD ["observer"]

FROM runtime AS processor
LABEL org.opencontainers.image.title="leadflow-processor"
COPY --from=processor-packages /opt/leadflow /opt/leadflow
CMD ["processor"]

FROM runtime AS scoring
LABEL org.opencontainers.image.title="leadflow-scoring"
COPY --from=scoring-packages /opt/leadflow /opt/leadflow
CMD ["scoring"]

FROM runtime AS admin-api
LABEL org.opencontainers.image.title="leadflow-admin-api"
COPY --from=admin-api-packages /opt/leadflow /opt/leadflow
CMD ["admin-api"]

FROM runtime AS embedded
LABEL org.opencontainers.image.title="leadflow-embedded"
COPY --from=embedded-packages /opt/leadflow /opt/leadflow
CMD ["up"]

FROM runtime AS all
COPY --from=all-packages /opt/leadflow /opt/leadflow
CMD ["--help"]
