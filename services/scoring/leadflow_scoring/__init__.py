"""The scoring service: records to a lead become its score, its stage and the changes that tell of it."""
