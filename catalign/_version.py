"""The version of catalign, read by the build."""

__version__ = "0.1.0"
