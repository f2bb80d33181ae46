"""Clocks against a counter of minutes: the engine must say what patient counting says."""
