"""Decode -> core -> effects: one readable pipe per service, over the ports alone."""
