"""The observer: takes events in over the Segment HTTP tracking API and writes them to the log. Stateless."""
