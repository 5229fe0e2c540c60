"""The election of a round: its key, its closing, its count and what is published of it."""
