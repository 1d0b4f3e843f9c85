"""A double of an ArangoDB server: the endpoints that Leadflow uses, over HTTP, with an interpreter for AQL.

It parses and evaluates query texts, so a typo in one fails a test. It holds documents in memory and serves one request
at a time. What it leaves out stands in docs/arangodb.md; `python -m tools.arango_double` runs it alone.
"""
