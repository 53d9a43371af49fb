"""The schema's steps, oldest first; run by `gridmap.store.migrate`. A step, once released, is never edited.

A new one is written by hand: change `gridmap.store.tables`, copy the newest file of `versions/` under the next number,
and go on until `gridmap.store.migrate.differences` is empty on both databases (tests/store/test_migrations.py).
"""
