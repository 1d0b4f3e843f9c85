"""What the Helm chart takes from the code and from its own values.yaml: `python -m tools.chart write` or `check`.

files/topics.yaml     the topics, from leadflow.contracts.topics
values.schema.json    from values.yaml, constraints.yaml and leadflow.runtime.settings
README.md             the table of values and of where settings stand, between marks
"""
