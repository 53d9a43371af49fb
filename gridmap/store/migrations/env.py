"""Alembic runs this for each command; the connection and the options come from `gridmap.store.migrate`."""

from alembic import context

from gridmap.store.migrate import OPTIONS

context.configure(connection=context.config.attributes["connection"], **OPTIONS)
with context.begin_transaction():
    context.run_migrations()
