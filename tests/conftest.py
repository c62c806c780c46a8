"""Fixtures that every folder may ask for."""

from hypothesis import settings

pytest_plugins = ["live", "browsing"]

settings.register_profile("suyuan", deadline=None)  # nothing here asserts how long something takes
settings.load_profile("suyuan")
