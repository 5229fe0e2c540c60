"""The letters with the stempas: one A4 page a code, for window envelopes."""
