"""Stock: what lies where, what is promised, and every change of either with its reason."""
