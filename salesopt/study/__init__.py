"""The client's folder: what its tables hold, how they are loaded, and what was wrong with them."""
