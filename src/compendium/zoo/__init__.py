"""Networks, training and attribution: the only place that imports Keras."""
