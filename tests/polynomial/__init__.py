"""Tests of catalign.polynomial."""
