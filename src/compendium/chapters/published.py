"""Why a run may lack the published networks of the chapter on independent networks."""

ABSENT = (
    "This run has no published networks: their files were not on this machine, or the "
    "configuration names none.",
    "To compute them here, run `make prepare NETWORKS=1`, which downloads the files (36 MB), and "
    "build the book again.",
)
