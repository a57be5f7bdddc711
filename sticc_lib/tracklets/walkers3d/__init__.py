"""Walkers in three dimensions: people rendered from MakeHuman's assets. They are synthetic."""
