"""A made-up population and what it does on a web site: pure, seeded, every touchpoint labelled as synthetic."""
