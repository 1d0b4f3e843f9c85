"""The admin API: profiles, leads and stage changes over HTTP, and what sales does with them."""
