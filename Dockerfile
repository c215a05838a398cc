# mdsim in a container: two stages, so that what runs holds no build tools.
#   docker build -t mdsim .
#   docker run --rm mdsim play crash.yaml
#   docker run --rm -v "$PWD:/playbooks" mdsim play mine.yaml
ARG PYTHON=3.12
FROM python:${PYTHON}-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY mdsim mdsim
COPY playbooks playbooks
COPY schemas schemas
RUN python -m venv /opt/mdsim && /opt/mdsim/bin/pip install --no-cache-dir .

FROM python:${PYTHON}-slim
RUN useradd --create-home --uid 10001 mdsim
COPY --from=build /opt/mdsim /opt/mdsim
ENV PATH=/opt/mdsim/bin:$PATH PYTHONUNBUFFERED=1
USER mdsim
WORKDIR /playbooks
STOPSIGNAL SIGTERM
ENTRYPOINT ["mdsim"]
CMD ["--help"]
