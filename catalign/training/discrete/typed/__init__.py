"""Algorithms' own rules, written by hand, for certificates alone: no learner may import them."""
