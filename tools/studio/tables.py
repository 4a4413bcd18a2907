"""The tables of ours in the job database, beside DBOS's own.  Fronts and workers read and write them.

Imports SQLAlchemy.
"""

import sqlalchemy as sa

METADATA = sa.MetaData()
JOBS = sa.Table(
    "shotwright_jobs",
    METADATA,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("arguments", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("request_key", sa.Text, unique=True),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("phase", sa.Text, nullable=False),
    sa.Column("progress", sa.Float, nullable=False, default=0.0),
    sa.Column("eta_s", sa.Float),
    sa.Column("result", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("cancel", sa.Boolean, nullable=False, default=False),
    sa.Column("deadline_at", sa.Float),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("started_at", sa.Float),
    sa.Column("ended_at", sa.Float),
    sa.Column("worker_id", sa.Text),
    sa.Index("shotwright_jobs_live", "digest", "state"),
    sa.Index("shotwright_jobs_created", "created_at"),
    # fronts ask for the living several times a second; without it SQLite would read every plan on the way
    sa.Index("shotwright_jobs_state", "state", "created_at"),
)
UNHEARD = sa.Table(
    "shotwright_unheard",
    METADATA,
    sa.Column("job_id", sa.Text, primary_key=True),
)
"""Jobs whose caller left while it waited for them, until somebody is told how they ended."""
PARTS = sa.Table(
    "shotwright_parts",
    METADATA,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True),
    sa.Column("progress", sa.Float, nullable=False),
)
WORKERS = sa.Table(
    "shotwright_workers",
    METADATA,
    sa.Column("worker_id", sa.Text, primary_key=True),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("heartbeat_at", sa.Float, nullable=False),
    sa.Column("job_id", sa.Text),
)
MEMORY = sa.Table(
    "shotwright_memory",
    METADATA,
    sa.Column("worker_id", sa.Text, primary_key=True),
    sa.Column("used_bytes", sa.BigInteger, nullable=False),
    sa.Column("total_bytes", sa.BigInteger, nullable=False),
)
TIMINGS = sa.Table(
    "shotwright_timings",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("worker_id", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("chip", sa.Text, nullable=False),
    sa.Column("sample", sa.Text, nullable=False),
    sa.Index("shotwright_timings_model", "model", "chip", "number"),
)
"""Renderings as they were timed; the sample is JSON."""
HOLDINGS = sa.Table(
    "shotwright_holdings",
    METADATA,
    sa.Column("worker_id", sa.Text, primary_key=True),
    sa.Column("chip", sa.Text, nullable=False),
    sa.Column("models", sa.Text, nullable=False),
)
"""Each worker's device by its own name, and the models that are loaded there, as JSON."""
