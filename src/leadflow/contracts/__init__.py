"""The wire types of every topic and the documents of every collection, defined once."""
