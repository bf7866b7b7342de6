"""DNS records that a domain should have, and the comparison with DNS."""
