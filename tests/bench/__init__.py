"""What `make bench` measures. Not tests: nothing is asserted, goals are printed beside."""
