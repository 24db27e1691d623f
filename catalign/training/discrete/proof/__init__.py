"""Proofs that two discrete programs are equal at every size: a small decision procedure."""
