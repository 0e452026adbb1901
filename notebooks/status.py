# %% [markdown]
# # Status of this book
#
# The run that made the pages you are reading: its steps, versions and parameters.

# %% tags=["parameters"]
# Set by the workflow.
run: str = "default"  # the run that is described

# %% tags=["hide-input"]
import pandas as pd
from IPython.display import Markdown, display

from compendium import config, paths

this = paths.Run(run)
manifest = paths.read_json(this.manifest)
settings = config.load_resolved(run)


def table(rows, columns):
    """Show rows as a table without an index column."""
    display(pd.DataFrame(rows, columns=columns).style.hide(axis="index"))


commit = manifest["commit"] or "not under version control"
display(
    Markdown(
        f"Run **{run}** ({manifest['title']}), on {manifest['system']} with "
        f"{manifest['cores']} cores. Commit: `{commit}`."
    )
)

# %% [markdown]
# ## Minutes
#
# How long each step took. Where several processes shared a step, their minutes are added up.

# %% tags=["hide-input"]
table(
    [
        (step, f"{minutes:.1f}")
        for step, minutes in manifest["minutes"].items()
    ],
    ["step", "minutes"],
)

# %% [markdown]
# ## Versions

# %% tags=["hide-input"]
table(manifest["versions"].items(), ["package", "version"])

# %% [markdown]
# ## Parameters
#
# The configuration file of the run, with every default filled in.


# %% tags=["hide-input"]
def lines(values, section=""):
    """Rows of a table, sections inside sections as dotted names."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from lines(value, f"{section}{name}.")
        else:
            yield f"{section}{name}", str(value)


shown = {k: v for k, v in settings.items() if isinstance(v, dict)}
shown.pop("notebooks")
table(lines(shown), ["parameter", "value"])

# %% [markdown]
# ## Notebooks
#
# The parameters of each chapter that differ from those in its first code cell.

# %% tags=["hide-input"]
rows = [
    (
        name,
        ", ".join(f"{k} = {v}" for k, v in overrides.items()) or "defaults",
    )
    for name, overrides in settings["notebooks"].items()
]
table(rows, ["notebook", "parameters"])
