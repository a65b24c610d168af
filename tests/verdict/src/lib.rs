//! Judges a site day: the simulator's journal against the city's database.
