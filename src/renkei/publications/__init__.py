"""Search and guidance, leaflets, monthly editions, function reports, policies: what a liaison office issues (mechanism K)."""
