"""The counter where people are guided to a clinic."""
