"""Every parameter of a run: type, bounds, default and meaning, one model for each section.

The JSON schema of a configuration, for an editor, is `Configuration.model_json_schema()`.
"""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, Field, field_validator

from . import paths
from .zoo import recipes


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise ValueError(f"expected no item twice, got {values}")
    return values


def _configuration(name: str) -> str:
    known = recipes.configurations()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1, 0)[0]
        raise ValueError(f"unknown configuration {name!r}; nearest valid name: {near}")
    return name


T = TypeVar("T")
Distinct = Annotated[list[T], AfterValidator(_distinct)]
# Names of networks; what has no recipe, or no file, is refused with a ValueError of its own.
Synthetic = Annotated[str, AfterValidator(_configuration)]
Accessibility = Annotated[str, AfterValidator(lambda n: recipes.accessibility_recipe(n) and n)]
Published = Annotated[str, AfterValidator(lambda n: recipes.published_file(n) and n)]
Init = Annotated[int, Field(ge=0, le=99)]
Epochs = Annotated[int, Field(ge=1, le=1000)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Sequences = Annotated[int, Field(le=10_000_000)]
Positive = Annotated[float, Field(gt=0, le=100)]
Strength = Annotated[float, Field(ge=0, le=100)]
Shown = Annotated[bool, Field(description="compute it; otherwise the chapter shows stored tables")]


class Section(BaseModel, extra="forbid", strict=True, allow_inf_nan=False):
    """A part of a configuration: nothing unknown, no text for a number, no NaN, no infinity."""

    @field_validator("*", mode="before")
    @classmethod
    def whole(cls, value: Any) -> Any:
        """12.0 is the whole number 12, and 2 as a float is 2.0: one setting has one digest."""
        return [_whole(item) for item in value] if isinstance(value, list) else _whole(value)


class Simulation(Section):
    """The simulated sequences."""

    data_seed: Seed = Field(0, description="seed of the simulation")
    n_sequences: Sequences = Field(20000, ge=40, multiple_of=2, description="half of them positive")
    length: int = Field(200, ge=60, le=5000, description="nucleotides per sequence")


class Training(Section):
    """Optimiser and regularisers; config/default.yml says where each value comes from."""

    batch_size: int = Field(100, ge=1, le=10_000, description="sequences per step")
    learning_rate: float = Field(0.001, gt=0, le=1e6, description="of Adam")
    # The validation score is AUROC or Pearson r.
    decay_factor: float = Field(0.2, gt=0, le=1, description="of the rate, when the score stalls")
    decay_patience: int = Field(
        5, ge=1, le=1000, description="epochs without improvement before that"
    )
    l2: Strength = Field(1e-6, description="weight penalty")
    mixup_alpha: Positive = Field(0.2, description="input mixup: Beta(alpha, alpha)")
    manifold_mixup_alpha: Positive = Field(2.0, description="manifold mixup: Beta(alpha, alpha)")
    noise_sd: Strength = Field(0.25, description="input noise: standard deviation")
    manifold_noise_sd: Strength = Field(0.25, description="manifold noise: standard deviation")
    adversarial_radius: Positive = Field(0.01, description="adversarial: L-infinity radius")
    adversarial_steps: int = Field(3, ge=1, le=5, description="adversarial: gradient steps")
    spectral_penalty: Strength = Field(0.01, description="spectral-norm penalty: strength")
    spectral_iterations: int = Field(1, ge=1, le=100, description="its power iterations a step")


class ExtraNetwork(Section):
    """One further network."""

    configuration: Synthetic = Field(description="a name such as bn-exp-standard")
    init: Init = Field(description="initialisation number")
    epochs: Epochs = Field(description="length of its training")


class Zoo(Section):
    """The networks of the synthetic task."""

    configurations: Literal["all"] | Distinct[Synthetic] = Field(
        "all", description="'all', or a list of names such as bn-exp-standard"
    )
    initialisations: Distinct[Init] = Field([0, 1, 2], description="seed weights, order, dropout")
    epochs: Epochs = Field(100, description="length of the training")
    weights: Literal["shipped", "available", "train"] = Field(
        "shipped",
        description="'shipped' takes weights of the same settings from data/zoo and trains the "
        "rest; 'available' leaves the rest out; 'train' trains all",
    )
    extra: list[ExtraNetwork] = Field([], description="further networks")
    training: Training = Training()


class Gm12878(Section):
    """The networks of the GM12878 accessibility task."""

    models: Literal["shipped"] | Distinct[Accessibility] = Field(
        "shipped", description="those in data/gm12878, or names such as binary-cnn-gm12878-exp-00"
    )
    epochs: Epochs = Field(40, description="most epochs of a network that is trained here")


class Koo(Section):
    """The published networks of the chapter on independent networks."""

    models: Literal["available"] | Distinct[Published] = Field(
        "available", description="those on this machine, or a list of names such as deep-exp-07"
    )


class Scores(Section):
    """Attribution maps and what is computed from them."""

    n_sequences: Sequences = Field(
        1000, ge=10, description="positive test sequences mapped, at most"
    )
    ks: Distinct[Annotated[int, Field(ge=1, le=10)]] = Field(
        [3, 4, 5, 6, 7, 8], min_length=1, description="k-mer lengths"
    )
    correct: bool = Field(True, description="subtract each gradient's mean over the nucleotides")
    score: Literal["abs_input", "l2"] = Field("abs_input", description="score of a position")
    reading: Literal["frequency", "instance", "per_sequence"] = Field(
        "frequency", description="how attribution weights the k-mer frequencies"
    )


class LengthWeights(Section):
    """The regression that weights the k-mer lengths."""

    n_subsets: int = Field(
        10, ge=2, le=1000, description="disjoint subsets of networks, each held out once"
    )
    n_folds: int = Field(
        5, ge=2, le=1000, description="folds of the cross-validation among the others"
    )
    split: Literal["configuration", "random"] = Field(
        "configuration", description="hold out whole configurations, or networks as in the paper"
    )
    statistic: Literal["r2", "f", "variance"] = Field(
        "r2", description="what measures how well a length explains log SNR"
    )
    standardise: bool = Field(False, description="scale lengths by their training mean and SD")
    seed: Seed = Field(0, description="seed of the splits")


class Controls(Section):
    """Control maps, control networks and maps of the wrong sign."""

    n_sequences: Sequences = Field(500, ge=20, description="the first of those mapped, at most")
    draws: int = Field(20, ge=1, le=100, description="maps of each random control")
    label_epochs: Epochs = Field(5, description="of the networks trained on shuffled labels")


class Mutagenesis(Section):
    """Maps against what mutations do to the output; takes some minutes."""

    run: Shown = False
    n_sequences: Sequences = Field(20, ge=1, description="sequences of each network, at most")


class Interactions(Section):
    """Networks that are taught rules about pairs of motifs."""

    run: Shown = True
    n_sequences: Sequences = Field(6000, ge=200, multiple_of=2, description="for each rule")
    epochs: Epochs = Field(12, description="epochs of each network under its rule")
    seed: Init = Field(0, description="seeds sequences, order and dropout")
    weights: Literal["shipped", "train"] = Field(
        "shipped", description="as in zoo.weights, from data/interactions"
    )
    draws: int = Field(99, ge=19, le=9999, description="permutations of the null")


class Studies(Section):
    """The studies behind the later chapters."""

    controls: Controls = Controls()
    interactions: Interactions = Interactions()
    mutagenesis: Mutagenesis = Mutagenesis()


class Jobs(Section):
    """How work is cut."""

    models_per_job: int = Field(50, ge=1, le=10_000, description="networks handled by one process")


class Configuration(Section):
    """Every parameter of a run with its default; a configuration file states what differs."""

    title: str = Field("A run", min_length=1, description="shown on the status page")
    book: bool = Field(True, description="build the book at the end")
    synthetic: Simulation = Simulation()
    zoo: Zoo = Zoo()
    gm12878: Gm12878 = Gm12878()
    koo: Koo = Koo()
    further: Distinct[Literal["independent", "beyond"]] = Field(
        [], description="further networks of ours, those in data/independent or data/beyond"
    )
    scores: Scores = Scores()
    length_weights: LengthWeights = LengthWeights()
    studies: Studies = Studies()
    jobs: Jobs = Jobs()
    notebooks: dict[str, dict[str, Any] | None] = Field(
        default_factory=lambda: dict.fromkeys(paths.notebook_names()),
        description="notebooks of the run with the parameters that differ; left out, all of them",
    )
