"""Keep the schemas of custom resources in tests/chart/crds: `python -m tools.crds` writes them anew."""
