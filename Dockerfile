# `build` makes the wheel and the environment, `test` runs the tests in it, the last stage is what ships.

FROM python:3.14-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements-build.lock requirements.lock ./
RUN pip install --require-hashes --requirement requirements-build.lock \
 && python -m venv --without-pip /opt/chat \
 && pip --python /opt/chat/bin/python install --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY chat_protocol ./chat_protocol
COPY chat_server ./chat_server
COPY chat_client ./chat_client
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && pip --python /opt/chat/bin/python install --no-deps --no-index /wheels/*.whl


FROM python:3.14-slim AS test
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements-dev.lock ./
RUN python -m venv --without-pip /opt/test \
 && pip --python /opt/test/bin/python install --require-hashes --requirement requirements-dev.lock
COPY --from=build /wheels /wheels
RUN pip --python /opt/test/bin/python install --no-deps --no-index /wheels/*.whl
ENV PATH=/opt/test/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis
WORKDIR /src
COPY . .
USER 10001:10001
ENTRYPOINT ["python", "-m", "pytest", "--ignore=tests/integration", "-p", "no:cacheprovider", \
            "--numprocesses", "2", "--dist", "worksteal"]


FROM python:3.14-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="threaded-chat" \
      org.opencontainers.image.description="A multi-user chat over TCP: server and console client" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/python:3.14-slim"
# The base's pip and what would bring it back: whoever got in could fetch tools with it.
RUN for each in $(python3 -c 'import importlib.util as u; \
      print(*[m.submodule_search_locations[0] for m in map(u.find_spec, ["pip", "ensurepip"]) if m])'); \
    do rm -rf "$each" "$each"-*; done; rm -f /usr/bin/pip* /usr/local/bin/pip*
COPY --from=build /opt/chat /opt/chat
# A new named volume takes over the owner of the folder that it covers; those in /private are deploy/private.yml's, /hook is for
# the address of a hook.
RUN install -d -o 10001 -g 10001 -m 0750 /data \
    /private/server /private/trust /private/people /private/operator /hook
# Inside a container the loopback is nobody's: what is reachable from outside is up to who publishes ports.
ENV PATH=/opt/chat/bin:$PATH PYTHONUNBUFFERED=1 CHAT_HOST=0.0.0.0 CHAT_METRICS_HOST=0.0.0.0
USER 10001:10001
WORKDIR /data
EXPOSE 9090 9464 8080 6667
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=15s --retries=3 CMD ["chat-server", "healthcheck"]
ENTRYPOINT ["chat-server"]
