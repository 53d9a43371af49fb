"""The tests. Shared fixtures are in `conftest.py`; helpers are imported as `tests.NAME`."""
