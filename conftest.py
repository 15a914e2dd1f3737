"""One source of fixtures for the whole repository: the real parts come from `common.testing`."""

pytest_plugins = ["common.testing.plugin"]
