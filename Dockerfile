# One image for front door, worker and the one-shot that applies the topics.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md topics.yaml ./
COPY enrich_stream ./enrich_stream
COPY api ./api
RUN python -m venv /app && /app/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.11-slim
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ENRICH_DATA_DIR=/data \
    ENRICH_API_HOST=0.0.0.0 \
    ENRICH_MONITORING_PORT=9464
RUN useradd --uid 10001 --create-home enrich && install -d -o enrich /data
USER enrich
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["enrich-stream"]
CMD ["api"]
