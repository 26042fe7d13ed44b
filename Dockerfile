FROM docker.io/library/python:3.12-slim AS build
WORKDIR /build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements ./requirements
RUN python -m venv --without-pip /opt/mockserver \
 && pip --python /opt/mockserver install --require-hashes -r requirements/runtime.lock \
 && pip install --require-hashes -r requirements/build.lock
# Some wheels carry what a debugger reads: 55 MB. Where Debian cannot be reached, it stays.
RUN if apt-get update -qq && apt-get install -y -qq --no-install-recommends binutils >/dev/null; then \
      find /opt/mockserver -name '*.so' -exec strip --strip-unneeded {} +; fi
COPY pyproject.toml README.md LICENSE ./
COPY fixtures ./fixtures
COPY mockserver ./mockserver
COPY scripts/slim ./scripts/
RUN python -m hatchling build -t wheel -d dist \
 && pip --python /opt/mockserver install --no-deps dist/*.whl \
 && /opt/mockserver/bin/python scripts/slim

FROM docker.io/library/python:3.12-slim
LABEL org.opencontainers.image.title=mockserver org.opencontainers.image.licenses=MIT
RUN useradd --system --uid 10001 --no-create-home mockserver \
 && install -d -o mockserver /data && install -d /seed \
 && pip uninstall -y -q --root-user-action ignore pip \
 && rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/ensurepip
COPY --from=build /opt/mockserver /opt/mockserver
ENV PATH=/opt/mockserver/bin:$PATH
# Unlike on a machine of one's own, the server listens on every address here, keeps its data in /data and begins with what is in /seed.
ENV MOCKSERVER_HOST=0.0.0.0 MOCKSERVER_DATA=/data MOCKSERVER_SEED_FOLDER=/seed
USER 10001
VOLUME /data
EXPOSE 4747 4748
HEALTHCHECK --interval=2s --timeout=5s --start-period=10s CMD ["mockserver", "ready"]
CMD ["mockserver", "serve"]
