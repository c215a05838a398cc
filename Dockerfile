# mdsim in a container: two stages, so that what runs holds no build tools.
#   docker build -t mdsim .
#   docker run --rm mdsim play crash.yaml
#   docker run --rm -v "$PWD:/playbooks" mdsim play mine.yaml
#   docker run --rm -p 8082:8082 -p 50053:50053 -e CHAOS_TOKEN=change-me mdsim serve
ARG PYTHON=3.12
FROM python:${PYTHON}-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY mdsim mdsim
COPY playbooks playbooks
COPY schemas schemas
COPY config config
RUN python -m venv /opt/mdsim && /opt/mdsim/bin/pip install --no-cache-dir .

FROM python:${PYTHON}-slim
RUN useradd --create-home --uid 10001 mdsim
COPY --from=build /opt/mdsim /opt/mdsim
# Inside a container loopback is nobody's. Prices are served; chaos and debug answer with CHAOS_TOKEN alone.
ENV PATH=/opt/mdsim/bin:$PATH PYTHONUNBUFFERED=1 MARKET_DATA_BIND=0.0.0.0
EXPOSE 8082 50053
USER mdsim
WORKDIR /playbooks
STOPSIGNAL SIGTERM
ENTRYPOINT ["mdsim"]
CMD ["--help"]
