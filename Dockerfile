# One image for every service: the command after its name says which (`docker run leadflow observer`).
FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /opt/leadflow
COPY requirements/run.lock requirements/run.lock
RUN /opt/leadflow/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY services services
# Its build tool comes with the lock: nothing is fetched here.
RUN /opt/leadflow/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.11-slim
# /data is for SQLite and generated keys; over Kafka and ArangoDB nothing is kept there.
RUN useradd --uid 10001 --user-group --no-create-home leadflow && install -d -o leadflow -g leadflow -m 700 /data
COPY --from=build /opt/leadflow /opt/leadflow
ENV PATH=/opt/leadflow/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 LEADFLOW_DATA=/data
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["leadflow"]
CMD ["--help"]
