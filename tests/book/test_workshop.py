"""What contributors meet: docstrings of one form, type hints, workflow files and templates."""

import ast
import io
import re
import shutil
import tokenize
import tomllib

import pytest
import yaml

SECTIONS = (
    "Parameters",
    "Attributes",
    "Returns",
    "Yields",
    "Raises",
    "Warns",
    "See Also",
    "Notes",
    "References",
    "Examples",
)
ROLE = re.compile(r"(?<![`\w]):[a-z]+(:[a-z]+)*:`[^`\s]")
DESCRIBED = (ast.Module, ast.ClassDef, ast.FunctionDef)


@pytest.fixture(scope="module")
def sources(repository):
    """Every module of the package: {path: (text, tree)}."""
    found = {}
    for path in sorted((repository / "src").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found[path.relative_to(repository).as_posix()] = text, ast.parse(text)
    return found


def public(tree):
    """Functions and methods that callers may use: [(name, node)]; none within a function."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            found.append((node.name, node))
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found += [(f"{node.name}.{name}", method) for name, method in public(node)]
    return found


def parameters(function):
    """Parameters of a function, without self and cls."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return [p for p in every if p is not None and p.arg not in ("self", "cls")]


def sections(docstring):
    """Text before the first section, and the sections: (str, {title: lines})."""
    found, title, before = {}, None, []
    lines = docstring.splitlines()
    for line, below in zip(lines, [*lines[1:], ""]):
        if line in SECTIONS and re.fullmatch("-+", below):
            title = line
            found[title] = []
        elif title is None:
            before.append(line)
        else:
            found[title].append(line)
    return "\n".join(before), {title: lines[1:] for title, lines in found.items()}


def test_every_public_function_has_type_hints(sources):
    missing = [
        f"{path}:{node.lineno} {name}({p.arg})"
        for path, (_, tree) in sources.items()
        for name, node in public(tree)
        for p in parameters(node)
        if p.annotation is None
    ]
    missing += [
        f"{path}:{node.lineno} {name}() -> ?"
        for path, (_, tree) in sources.items()
        for name, node in public(tree)
        if node.returns is None
    ]
    assert not missing, "\n".join(missing)


def described(sources):
    """Docstrings: (where, node, cleaned text)."""
    for path, (_, tree) in sources.items():
        for node in ast.walk(tree):
            if isinstance(node, DESCRIBED) and (text := ast.get_docstring(node)) is not None:
                yield f"{path}:{node.body[0].lineno}", node, text


def test_code_in_prose_has_single_backticks(sources):
    prose = [(where, text) for where, _, text in described(sources)]
    for path, (text, _) in sources.items():
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                prose.append((f"{path}:{token.start[0]}", token.string))
    wrong = [where for where, text in prose if "``" in text or ROLE.search(text)]
    assert not wrong, "double backticks or roles:\n" + "\n".join(wrong)


def test_docstrings_start_with_one_sentence(sources):
    wrong = []
    for where, node, text in described(sources):
        first, _, rest = text.partition("\n")
        if isinstance(node, ast.Module):  # prose
            continue
        if not first.rstrip("\"'`)").endswith((".", "?", ":")) or (rest and rest[0] != "\n"):
            wrong.append(f"{where} {first}")
    assert not wrong, "\n".join(wrong)


def test_docstring_sections_are_those_of_numpy(sources):
    wrong = []
    for where, node, text in described(sources):
        lines = text.splitlines()
        for i, below in enumerate(lines[1:]):
            if re.fullmatch("-{3,}", below):
                if lines[i] not in SECTIONS or len(below) != len(lines[i]):
                    wrong.append(f"{where}: {lines[i]!r} is no section, or its line is not as long")
                elif i and lines[i - 1].strip():
                    wrong.append(f"{where}: no empty line before {lines[i]}")
        listed = sections(text)[1].get("Parameters", [])
        if isinstance(node, ast.FunctionDef):
            entries = [e for e in listed if e.strip() and not e.startswith(" ")]
            named = [n.strip(" *") for e in entries for n in e.split(" : ")[0].split(",")]
            unknown = set(named) - {p.arg for p in parameters(node)}
            if unknown:
                wrong.append(f"{where}: no parameters of {node.name}: {sorted(unknown)}")
    assert not wrong, "\n".join(wrong)


def test_arguments_are_described_in_sections_only(sources):
    wrong = []
    for path, (_, tree) in sources.items():
        for name, node in public(tree):
            before = sections(ast.get_docstring(node) or "")[0].splitlines()
            names = "|".join(re.escape(p.arg) for p in parameters(node)) or "(?!)"
            entry = re.compile(rf"`?\*{{0,2}}({names})`?((, | and )\w+)* ?: |(Args|Arguments):$")
            wrong += [
                f"{path}:{node.lineno} {name}: {line.strip()}"
                for line in before[1:]
                if entry.match(line.strip()) or re.match("(Returns|Raises|Yields) ", line)
            ]
    assert not wrong, "\n".join(wrong)


# --- workflow files and templates -------------------------------------------------------


def targets(repository):
    """Targets of the Makefile that a person may name."""
    return set(re.findall(r"^([a-z]+):", (repository / "Makefile").read_text(), re.M))


def workflows(repository):
    return sorted((repository / ".github" / "workflows").glob("*.yml"))


def test_workflows_parse_and_name_what_exists(repository):
    known = targets(repository)
    assert {path.name for path in workflows(repository)} >= {"check.yml", "test.yml", "book.yml"}
    for path in workflows(repository):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        # YAML reads the key `on` as true.
        assert {"name", True, "permissions", "jobs"} <= set(content), path.name
        for job in content["jobs"].values():
            assert job["timeout-minutes"] <= 360 if "make" in str(job) else job["runs-on"]
            for step in job["steps"]:
                assert ("uses" in step) != ("run" in step), f"{path.name}: {step}"
                if "uses" in step:
                    assert re.fullmatch(r"[\w.-]+/[\w.-]+@v\d+(\.\d+)*", step["uses"]), step
                pattern = step.get("with", {}).get("cache-dependency-path")
                assert pattern is None or list(repository.glob(pattern)), pattern
                for line in re.sub(r"\$\{\{.*?\}\}", "x", step.get("run", "")).splitlines():
                    command, *words = line.split()
                    if command == "make":
                        named = {word for word in words if "=" not in word}
                        assert named and named <= known, f"{path.name}: {line}"
                    else:
                        here = shutil.which(command) or (repository / command).exists()
                        exists = here or command == "python"  # there on GitHub's machines
                        assert exists, f"{path.name}: {line}"


def test_the_fast_workflow_checks_and_the_full_one_tests(repository):
    def steps(name):
        text = (repository / ".github" / "workflows" / name).read_text(encoding="utf-8")
        content = yaml.safe_load(text)
        return content[True], [s.get("run") for j in content["jobs"].values() for s in j["steps"]]

    when, runs = steps("check.yml")
    assert when == "push" and "make check" in runs
    when, runs = steps("test.yml")
    assert set(when) == {"push", "pull_request"} and "make test" in runs
    assert (repository / ".ci" / "run").read_text().rstrip().endswith("exec make test")


def test_check_runs_in_every_test(repository):
    text = (repository / "Makefile").read_text()
    assert re.search(r"^test: check\b", text, re.M)
    marks = re.findall(r"\$\(PYTEST\) -m \"?((?:not )?slow)", text)
    assert sorted(marks) == ["not slow", "slow"], "each test runs once"


def test_forms_parse(repository):
    folder = repository / ".github" / "ISSUE_TEMPLATE"
    assert "blank_issues_enabled" in yaml.safe_load((folder / "config.yml").read_text())
    forms = {path.stem: yaml.safe_load(path.read_text()) for path in folder.glob("*.yml")}
    del forms["config"]
    assert set(forms) == {"bug", "question", "network_or_data"}
    for name, form in forms.items():
        assert set(form) == {"name", "description", "title", "labels", "body"}, name
        asked = [part for part in form["body"] if part["type"] != "markdown"]
        assert {part["type"] for part in asked} <= {"textarea", "input", "dropdown", "checkboxes"}
        ids = [part["id"] for part in asked]
        assert len(ids) == len(set(ids)) and all(part["attributes"]["label"] for part in asked)
        assert any(part.get("validations", {}).get("required") for part in asked), name
    assert "make check" in (repository / ".github" / "pull_request_template.md").read_text()


def test_dependabot_looks_after_actions_and_packages(repository):
    content = yaml.safe_load((repository / ".github" / "dependabot.yml").read_text())
    assert content["version"] == 2
    updates = {update["package-ecosystem"]: update for update in content["updates"]}
    assert set(updates) == {"github-actions", "pip"}
    assert all(update["schedule"]["interval"] for update in updates.values())


def test_a_commit_runs_the_tools_of_check(repository):
    hooks = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"], "the versions of the lock file"
    tools = [hook["entry"].split()[0] for repo in hooks for hook in repo["hooks"]]
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    declared = " ".join(project["optional-dependencies"]["check"])
    makefile = (repository / "Makefile").read_text()
    for tool in map(str, tools):
        name = tool.removeprefix(".venv/bin/")
        assert re.search(rf"\b{name}\b", declared) and f"$(BIN)/{name}" in makefile, tool
    locked = (repository / "requirements-test.lock").read_text()
    for tool in ("ruff", "mypy", "snakefmt"):
        assert re.search(rf"^{tool}==", locked, re.M), tool


def test_the_contributors_page_names_targets_that_exist(repository):
    text = (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^make (\w+)|`make (\w+)", text, re.M))
    assert {a or b for a, b in named} <= targets(repository)
