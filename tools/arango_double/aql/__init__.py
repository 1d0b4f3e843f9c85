"""AQL: tokens -> tree -> rows. The subset is listed in docs/arangodb.md; all else is a parse error, never a guess."""
