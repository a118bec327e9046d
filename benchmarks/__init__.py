"""What `make bench` measures: our client beside the official ones, on one server, in one run."""
