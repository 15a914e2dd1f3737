# syntax=docker/dockerfile:1
# One image per service: docker build --build-arg SERVICE=router -t ombud/router .
#
# Non-root, works with a read-only root file system (only /tmp is written, and hardly), no pip and
# no compiler in the result. Dependencies come from the lock file, every one checked by its hash.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv /venv
COPY requirements-runtime.lock requirements-build.lock /
RUN /venv/bin/pip install --quiet --require-hashes --only-binary :all: -r /requirements-runtime.lock \
 && /venv/bin/pip install --quiet --require-hashes --target /build -r /requirements-build.lock
# Everything above is the same for all five images and built once.
ARG SERVICE
RUN test -n "$SERVICE" || { echo "build with --build-arg SERVICE=<name>" >&2; exit 1; }
# The layout of the repository is kept: a service finds its migrations beside its sources.
COPY libs/ /app/libs/
COPY services/${SERVICE}/ /app/services/${SERVICE}/
RUN cd /app && PYTHONPATH=/build /venv/bin/pip install --quiet --no-deps --no-build-isolation \
      -e libs/common -e libs/platforms -e "services/${SERVICE}" \
 && /venv/bin/pip check \
 && /venv/bin/pip uninstall --quiet --yes pip setuptools \
 && /venv/bin/python -m compileall -q /app

FROM ${PYTHON_IMAGE} AS runtime
# The base image's own pip would be a tool for whoever got in.
RUN python3 -c "import shutil, sysconfig; from pathlib import Path; \
paths = sysconfig.get_paths(); \
roots = {paths['purelib'], paths['stdlib'], '/usr/lib/python3/dist-packages', '/usr/share'}; \
names = ('pip', 'pip-*', 'setuptools*', 'wheel', 'wheel-*', 'pkg_resources', 'ensurepip', 'python-wheels'); \
[shutil.rmtree(path) for root in roots for name in names for path in Path(root).glob(name) if path.is_dir()]" \
 && rm -f /usr/local/bin/pip*
COPY --from=builder /venv /venv
COPY --from=builder /app /app
ARG SERVICE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ombud-${SERVICE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV SERVICE=${SERVICE} \
    PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OMBUD_HTTP_HOST=0.0.0.0 \
    OMBUD_HTTP_PORT=8000 \
    OMP_NUM_THREADS=1
WORKDIR /tmp
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['OMBUD_HTTP_PORT'] + '/health/live', timeout=4)"]
# exec: the service itself is process 1 and gets the signals.
ENTRYPOINT ["/bin/sh", "-c", "exec python -m \"$SERVICE\" \"$@\"", "service"]
CMD ["run"]
