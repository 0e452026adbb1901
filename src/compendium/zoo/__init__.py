"""Networks, training and attribution: the only place that imports Keras."""

import os

# Part of every recipe: TensorFlow splits its sums by the number of threads, so another number,
# and by default it is that of the cores, ends at other weights.
os.environ["TF_NUM_INTRAOP_THREADS"] = "2"
