"""Carriers: who takes which parcels."""
