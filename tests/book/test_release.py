"""A release: versions that agree, metadata for archives, a bibliography with years."""

import json
import os
import re
import subprocess
import sys

import pytest
import yaml

FULL = "ATTRIBUTION_CONSISTENCY_TEST_RELEASE"


@pytest.fixture(scope="module")
def release(script):
    return script("scripts/release.py")


@pytest.fixture(scope="module")
def citation(repository):
    return yaml.safe_load((repository / "CITATION.cff").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def zenodo(repository):
    return json.loads((repository / ".zenodo.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def bibliography(repository):
    pybtex = pytest.importorskip("pybtex.database")
    return pybtex.parse_file(repository / "book" / "references.bib").entries


def git(*arguments, cwd):
    # A name of its own, and no signatures: whoever runs the tests may have settings of either.
    settings = ("user.name=A", "user.email=a@example.org", "commit.gpgsign=false")
    options = [part for setting in settings for part in ("-c", setting)]
    subprocess.run(["git", *options, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path):
    """A committed tree of the four files that state version 1.2.3, and its other files."""
    package = tmp_path / "src" / "attribution_consistency"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (tmp_path / "CITATION.cff").write_text("cff-version: 1.2.0\nversion: 1.2.3\n")
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## 1.2.3, 2026-12-01\n\n- A change,\n  over two lines.\n\n"
        "## 1.2.2, 2026-01-01\n\n- Another.\n"
    )
    (tmp_path / ".gitignore").write_text("build/\n")
    git("init", "--quiet", cwd=tmp_path)
    commit(tmp_path)
    return tmp_path


def commit(tree):
    git("add", "--all", cwd=tree)
    git("commit", "--quiet", "--allow-empty", "-m", "x", cwd=tree)


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


# The repository itself.


def test_versions_tag_and_changelog_agree(repository, release, tracked):
    import attribution_consistency

    assert not release.disagreements(repository)
    assert set(release.versions(repository).values()) == {attribution_consistency.__version__}


def test_the_changelog_has_notes_for_a_release(repository, release):
    version, _, changes = release.first_section((repository / "CHANGELOG.md").read_text())
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert changes.startswith("- ") and "\n## " not in changes


def test_make_release_is_dry_unless_told_otherwise(repository):
    def planned(*variables):
        command = ["make", "--no-print-directory", "--dry-run", "release", *variables]
        return subprocess.run(command, cwd=repository, capture_output=True, text=True).stdout

    assert "release.py" in planned() and "--publish" not in planned()
    assert "--publish" not in planned("PUBLISH=0") and "--publish" in planned("PUBLISH=1")


def test_the_archive_and_the_citation_agree(citation, zenodo):
    assert zenodo["title"] == citation["title"]
    assert zenodo["creators"] == [{"name": author["name"]} for author in citation["authors"]]
    assert zenodo["keywords"] == citation["keywords"]
    assert zenodo["license"] == citation["license"]
    assert zenodo["upload_type"] == citation["type"]
    cited = citation["references"]
    assert len(zenodo["references"]) == len(cited)
    for line, paper in zip(zenodo["references"], cited, strict=True):
        names = "|".join(f"{a['family-names']}, {a['given-names'][0]}" for a in paper["authors"])
        assert re.findall(rf"{names}", line) == names.split("|"), line
        assert f"({paper['year']})" in line and paper["title"] in line
    addresses = [related["identifier"] for related in zenodo["related_identifiers"]]
    assert addresses == [paper["url"] for paper in cited if "url" in paper]


def test_the_citation_and_the_bibliography_agree(citation, bibliography):
    by_title = {entry.fields["title"]: entry for entry in bibliography.values()}
    for paper in citation["references"]:
        entry = by_title[paper["title"]]
        assert int(entry.fields["year"]) == paper["year"]
        assert [" ".join(p.last_names) for p in entry.persons["author"]] == [
            author["family-names"] for author in paper["authors"]
        ]
        given = [" ".join(p.first_names + p.middle_names) for p in entry.persons["author"]]
        assert given == [author["given-names"] for author in paper["authors"]]


def test_the_archive_says_what_the_package_says(repository, release, zenodo):
    project = release.tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    assert project["description"] in zenodo["description"]
    assert zenodo["license"] == project["license"]


def test_every_entry_of_the_bibliography_has_a_year(bibliography):
    for key, entry in bibliography.items():
        assert re.fullmatch(r"1[89]\d\d|20\d\d", entry.fields.get("year", "")), key
        assert entry.persons.get("author"), key


def test_every_address_of_the_bibliography_is_well_formed(bibliography):
    for key, entry in bibliography.items():
        doi = entry.fields.get("doi", "10.1000/x")
        assert re.fullmatch(r"10\.\d{4,9}/[^\s{}]+", doi), f"{key}: {doi}"
        url = entry.fields.get("url", "https://example.org")
        assert re.fullmatch(r"https?://[\w-]+(\.[\w-]+)+(/[^\s{}]*)?", url), f"{key}: {url}"
        for number in re.findall(r"arXiv:(\S+)", entry.fields.get("note", "")):
            assert re.fullmatch(r"\d{4}\.\d{4,5}", number), f"{key}: {number}"


# What the script refuses.


def test_a_tree_that_agrees(release, tree):
    assert not release.disagreements(tree) and not release.obstacles(tree)
    git("tag", "-a", "v1.2.3", "-m", "x", cwd=tree)
    assert not release.disagreements(tree)
    assert release.obstacles(tree) == ["the tag v1.2.3 exists"]


@pytest.mark.parametrize(
    "name", ["CITATION.cff", "CHANGELOG.md", "src/attribution_consistency/__init__.py"]
)
def test_a_version_that_differs_is_named(release, tree, name):
    replace(tree / name, "1.2.3", "1.2.4")
    assert release.disagreements(tree) == [f"{name} says 1.2.4, pyproject.toml 1.2.3"]


def test_a_tag_that_differs_is_named(release, tree):
    git("tag", "v1.2.4", cwd=tree)
    git("tag", "published", cwd=tree)
    (line,) = release.disagreements(tree)
    assert line == "this commit is tagged v1.2.4, pyproject.toml says 1.2.3"
    commit(tree)
    assert not release.disagreements(tree)


def test_a_tagged_version_has_a_date(release, tree):
    replace(tree / "CHANGELOG.md", "1.2.3, 2026-12-01", "1.2.3, unreleased")
    assert not release.disagreements(tree)
    assert "CHANGELOG.md has no date for 1.2.3" in release.obstacles(tree)
    git("tag", "v1.2.3", cwd=tree)
    (line,) = release.disagreements(tree)
    assert "has no date" in line


def test_a_date_that_does_not_exist(release, tree):
    replace(tree / "CHANGELOG.md", "2026-12-01", "2026-13-01")
    assert release.disagreements(tree) == ["CHANGELOG.md: 2026-13-01 is no date"]


def test_uncommitted_changes_are_an_obstacle(release, tree):
    (tree / "new.py").write_text("")
    assert release.obstacles(tree) == ["the tree has changes that are not committed"]


@pytest.mark.parametrize("heading", ["", "## Unreleased\n", "## 1.2.3\n", "## 1.2.3, soon\n"])
def test_a_changelog_without_a_first_section(release, heading):
    with pytest.raises(release.ReleaseError, match=r"CHANGELOG\.md"):
        release.first_section(f"# Changelog\n\n{heading}\n- A change.\n")


@pytest.mark.parametrize("edit", ["disagree", "undated"])
def test_nothing_is_built_or_tagged_where_something_is_wrong(release, tree, edit):
    new = {"disagree": "1.2.4, 2026-12-01", "undated": "1.2.3, unreleased"}[edit]
    replace(tree / "CHANGELOG.md", "1.2.3, 2026-12-01", new)
    commit(tree)
    with pytest.raises(release.ReleaseError):
        release.release(tree, tree / "dist", publish=True)
    assert not (tree / "dist").exists() and not release.run("git", "tag", cwd=tree)


def test_publish_tags_here_and_says_how_to_push(
    release, tree, tmp_path_factory, monkeypatch, capsys
):
    dist = tmp_path_factory.mktemp("dist")
    (dist / "attribution_consistency-1.2.2.tar.gz").write_text("old")

    def build(root, scratch):
        made = [scratch / f"attribution_consistency-1.2.3{end}" for end in (".tar.gz", ".whl")]
        for path in made:
            path.write_text("new")
        return made

    def class_bundle(root, wheel, version, scratch):
        made = scratch / "lesson_data.zip", scratch / f"class-{version}.zip"
        for path in made:
            path.write_text("new")
        return made

    (dist / "class-1.2.2.zip").write_text("old")
    monkeypatch.setattr(release, "build", build)
    monkeypatch.setattr(release, "class_bundle", class_bundle)
    monkeypatch.setattr(release, "try_class", lambda bundle, scratch: None)
    monkeypatch.setattr(release, "score_examples", lambda wheel, scratch: None)
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        monkeypatch.setenv(name, "A")
    for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "a@example.org")
    release.release(tree, dist, publish=False)
    assert not release.run("git", "tag", cwd=tree)
    release.release(tree, dist, publish=True)
    assert release.run("git", "cat-file", "-t", "v1.2.3", cwd=tree).strip() == "tag"
    names = {"attribution_consistency-1.2.3.tar.gz", "attribution_consistency-1.2.3.whl"}
    names |= {"lesson_data.zip", "class-1.2.3.zip", "SHA256SUMS", "RELEASE_NOTES.md"}
    assert {path.name for path in dist.iterdir()} == names
    notes = (dist / "RELEASE_NOTES.md").read_text()
    assert notes == "# attribution-consistency 1.2.3\n\n- A change,\n  over two lines.\n"
    said = capsys.readouterr().out
    assert "git push origin v1.2.3" in said and "twine upload" in said
    (attached,) = (line for line in said.splitlines() if "gh release create v1.2.3" in line)
    assert all(name in attached for name in names)
    assert release.sha256(b"new") in said


def test_only_what_git_has_is_built(release, tree, tmp_path_factory):
    (tree / "build").mkdir()
    (tree / "build" / "stale.py").write_text("")
    (tree / "tests").mkdir()
    (tree / "tests" / "test_x.py").write_text("")
    (tree / "src" / "attribution_consistency" / "new.py").write_text("")
    target = tmp_path_factory.mktemp("source")
    seconds = release.copy_sources(tree, target)
    copied = {p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()}
    assert {"pyproject.toml", "src/attribution_consistency/new.py"} <= copied
    assert not [name for name in copied if name.startswith(("build", "tests", ".git/"))]
    assert (target / "pyproject.toml").stat().st_mtime == int(seconds)


@pytest.mark.skipif(FULL not in os.environ, reason=f"installs, after make book; set {FULL}=1")
def test_the_whole_dry_release(repository, tracked, tmp_path):
    done = subprocess.run(
        [sys.executable, "workflow/scripts/release.py", "--dist", tmp_path],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(tmp_path.iterdir())) == 7 and "no tag was made" in done.stdout
