"""The schema's steps, oldest first; run by `gridmap.store.migrate`. A step, once released, is never edited."""
