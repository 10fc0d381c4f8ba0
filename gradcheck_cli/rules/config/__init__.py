"""Rules on the config file itself: what cannot be read or carried out."""
