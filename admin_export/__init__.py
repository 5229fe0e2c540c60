"""What leaves for the municipality every week, and what comes back."""
