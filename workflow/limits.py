"""How long a job may take on a cluster; included by the Snakefile."""

from math import ceil

# About twice the minutes of an epoch in the slowest of our records, made on two busy cores.
EPOCH_MINUTES = 1.4
START_MINUTES = 30


def training_minutes(recipes):
    """Upper bound of the minutes that one process needs for networks, one after the other."""
    trained = [recipe for recipe in recipes if "epochs" in recipe]  # the others are converted
    return START_MINUTES + ceil(sum(epoch_minutes(r) * r["epochs"] for r in trained))


def epoch_minutes(recipe):
    """Upper bound of the minutes of an epoch."""
    data = recipe["data"]
    bases = data.get("n_sequences", 0) * data.get("length", 0) / (20_000 * 200)
    # Each adversarial step costs as much as a plain epoch, and 40 power iterations about as much
    # as our slowest one; small batches take more steps.
    steps = (1 + recipe.get("adversarial_steps", 0)) / 4
    iterations = recipe.get("spectral_iterations", 0) / 40
    batches = 100 / recipe["batch_size"]
    return EPOCH_MINUTES * max(bases, 1) * max(steps, iterations, 1) * max(batches, 1)
