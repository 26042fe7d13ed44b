FROM docker.io/library/python:3.12-slim AS build
WORKDIR /build
COPY requirements ./requirements
RUN python -m venv /opt/mockserver \
 && /opt/mockserver/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.lock \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.lock
COPY pyproject.toml README.md LICENSE ./
COPY fixtures ./fixtures
COPY mockserver ./mockserver
RUN /opt/build/bin/python -m hatchling build -t wheel -d /build/dist \
 && /opt/mockserver/bin/pip install --no-cache-dir --no-deps /build/dist/*.whl \
 && /opt/mockserver/bin/pip uninstall -y pip \
 && /opt/mockserver/bin/python -m compileall -q /opt/mockserver/lib

FROM docker.io/library/python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home mockserver && install -d -o mockserver /data
COPY --from=build /opt/mockserver /opt/mockserver
ENV PATH=/opt/mockserver/bin:$PATH
# Unlike on a machine of one's own, the server listens on every address here, and keeps its data in /data.
ENV MOCKSERVER_HOST=0.0.0.0 MOCKSERVER_DATA=/data
USER mockserver
VOLUME /data
EXPOSE 4747
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s CMD ["mockserver", "ready"]
CMD ["mockserver", "serve"]
