"""Facts in, one decision out: the ladder, the reasons, the counterfactual."""
